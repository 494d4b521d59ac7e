// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/e2e/clickhouse/engine"
)

// fake is a database that remembers what it was asked.
type fake struct {
	database, statement, format string
	result                      []byte
	err                         error
}

func (f *fake) Query(database string, statement []byte, format string) ([]byte, error) {
	f.database, f.statement, f.format = database, string(statement), format
	return f.result, f.err
}

// ask sends a request as the right user.
func ask(t *testing.T, db database, url string, header http.Header, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	request.SetBasicAuth("me", "secret")
	for name := range header {
		request.Header.Set(name, header.Get(name))
	}
	recorder := httptest.NewRecorder()
	(&handler{db: db, user: "me", password: "secret", version: "26.7"}).ServeHTTP(recorder, request)
	return recorder
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	all, err := io.ReadAll(r)
	if err != nil { // the reader of ClickHouse's blocks wraps the end
		require.ErrorIs(t, err, io.EOF)
	}
	return string(all)
}

func TestStatement(t *testing.T) {
	t.Parallel()
	packedData, err := packed([]byte("data"))
	require.NoError(t, err)
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, err = zip.Write([]byte("data"))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	for name, tt := range map[string]struct {
		url    string
		header http.Header
		body   []byte
		want   fake
	}{
		"body":         {"/", nil, []byte("SELECT 1"), fake{statement: "SELECT 1", format: "TabSeparated"}},
		"database":     {"/?database=otel&default_format=JSON", nil, []byte("SELECT 1"), fake{database: "otel", statement: "SELECT 1", format: "JSON"}},
		"query":        {"/?query=INSERT", nil, []byte("data"), fake{statement: "INSERT\ndata", format: "TabSeparated"}},
		"settings":     {"/?query=INSERT+INTO+t+FORMAT+Native&b=2&a=it's&query_id=1", nil, []byte("data"), fake{statement: "INSERT INTO t SETTINGS a = 'it\\'s', b = '2' FORMAT Native\ndata", format: "TabSeparated"}},
		"LZ4":          {"/?query=INSERT&decompress=1", nil, packedData, fake{statement: "INSERT\ndata", format: "TabSeparated"}},
		"HTTP's gzip":  {"/?query=INSERT", http.Header{"Content-Encoding": {"gzip"}}, zipped.Bytes(), fake{statement: "INSERT\ndata", format: "TabSeparated"}},
		"user headers": {"/", http.Header{"Authorization": {""}, "X-Clickhouse-User": {"me"}, "X-Clickhouse-Key": {"secret"}}, []byte("SELECT 1"), fake{statement: "SELECT 1", format: "TabSeparated"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var db fake
			response := ask(t, &db, tt.url, tt.header, tt.body)
			assert.Equal(t, http.StatusOK, response.Code)
			assert.Equal(t, tt.want, db)
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for code, status := range map[int]int{60: http.StatusNotFound, 81: http.StatusNotFound, 243: http.StatusInternalServerError} {
		db := &fake{err: &engine.Error{Code: code, Message: "Code: … (NAME)"}}
		response := ask(t, db, "/", nil, nil)
		assert.Equal(t, status, response.Code, code)
		assert.Equal(t, "Code: … (NAME) (version 26.7 (official build))\n", text(t, response.Body))
		response = ask(t, db, "/?compress=1", nil, nil)
		assert.Equal(t, "Code: … (NAME) (version 26.7 (official build))\n", text(t, compress.NewReader(response.Body)))
	}
	response := ask(t, &fake{}, "/?compress=1", http.Header{"Authorization": {"Basic bWU6d3Jvbmc="}}, nil)
	assert.Equal(t, http.StatusForbidden, response.Code)
	assert.Equal(t, "516", response.Header().Get("X-ClickHouse-Exception-Code"))
	assert.Contains(t, text(t, response.Body), "me: Authentication failed", "in plain text, whatever the client asked for")
}

func TestNative(t *testing.T) {
	t.Parallel()
	const clientVersion = 54460
	var plain chproto.Buffer
	for _, names := range [][]string{{"a", "b"}, {"c"}} {
		block := proto.NewBlock()
		require.NoError(t, block.AddColumn("name", "String"))
		for _, name := range names {
			require.NoError(t, block.Append(name))
		}
		require.NoError(t, block.Encode(&plain, 0))
	}
	response := ask(t, &fake{result: plain.Buf}, "/?default_format=Native&client_protocol_version=54460", nil, nil)
	reader := chproto.NewReader(response.Body)
	for _, rows := range []int{2, 1} {
		block := proto.NewBlock()
		require.NoError(t, block.Decode(reader, clientVersion))
		assert.Equal(t, []string{"name"}, block.ColumnsNames())
		assert.Equal(t, rows, block.Rows())
	}
	assert.ErrorIs(t, proto.NewBlock().Decode(reader, clientVersion), io.EOF)

	response = ask(t, &fake{result: plain.Buf}, "/?default_format=Native", nil, nil)
	assert.Equal(t, string(plain.Buf), text(t, response.Body))
}
