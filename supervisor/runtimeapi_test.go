// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadResponse(t *testing.T) {
	for name, tt := range map[string]struct {
		wire    string
		want    response
		keep    bool
		wantErr string
	}{
		"length": {
			wire: "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: id\r\nContent-Length: 2\r\n\r\n{}",
			want: response{200, "id", []byte("{}")}, keep: true,
		},
		"chunks": {
			wire: "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
			want: response{202, "", []byte("abcde")}, keep: true,
		},
		"close": {
			wire: "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
			want: response{500, "", []byte("x")},
		},
		"until end":     {wire: "HTTP/1.0 200 OK\r\n\r\nrest", want: response{200, "", []byte("rest")}},
		"empty":         {wire: "", wantErr: "EOF"},
		"not HTTP":      {wire: "hello\r\n", wantErr: `not an HTTP response: "hello"`},
		"cut body":      {wire: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", wantErr: "unexpected EOF"},
		"bad length":    {wire: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", wantErr: `response length "-1"`},
		"huge length":   {wire: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", wantErr: "response length"},
		"bad chunk":     {wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", wantErr: `chunk size "zz"`},
		"unended chunk": {wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", wantErr: "chunk without an end"},
	} {
		t.Run(name, func(t *testing.T) {
			got, keep, err := readResponse(bufio.NewReader(strings.NewReader(tt.wire)))
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.keep, keep)
		})
	}
}

func FuzzReadResponse(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, wire string) {
		resp, _, err := readResponse(bufio.NewReader(strings.NewReader(wire)))
		if err == nil && len(resp.body) > len(wire) {
			t.Errorf("%d bytes of body out of %d on the wire", len(resp.body), len(wire))
		}
	})
}

// TestRuntimeAPI speaks to a real HTTP server, which closes the connection after each response to some paths.
func TestRuntimeAPI(t *testing.T) {
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Lambda-Extension-Identifier"))
		switch r.URL.Path {
		case "/2020-01-01/extension/register":
			assert.Equal(t, "my-name", r.Header.Get("Lambda-Extension-Name"))
			assert.Equal(t, "accountId", r.Header.Get("Lambda-Extension-Accept-Feature"))
			w.Header().Set("Lambda-Extension-Identifier", "id-1")
			w.Header().Set("Connection", "close")
			_, _ = w.Write([]byte(`{}`))
		case "/2022-07-01/telemetry":
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte("unsupported\n here"))
		case "/2020-01-01/extension/init/error":
			assert.Equal(t, "Extension.ConfigInvalid", r.Header.Get("Lambda-Extension-Function-Error-Type"))
			body, _ := io.ReadAll(r.Body)
			assert.Equal(t, `{"errorMessage":"no"}`, string(body))
			w.WriteHeader(http.StatusAccepted)
		default:
			_, _ = w.Write([]byte(`{"eventType":"INVOKE"}`))
		}
	}))
	defer server.Close()
	api := &runtimeAPI{addr: strings.TrimPrefix(server.URL, "http://")}
	defer api.close()

	require.NoError(t, api.startRegister("my-name", `{"events":["INVOKE"]}`))
	body, err := api.finishRegister()
	require.NoError(t, err)
	assert.Equal(t, "{}", string(body))
	resp, err := api.subscribe("{}")
	require.NoError(t, err)
	assert.Equal(t, 202, resp.status)
	require.NoError(t, api.fail("Extension.ConfigInvalid", `{"errorMessage":"no"}`))
	event, err := api.next()
	require.NoError(t, err)
	assert.Equal(t, `{"eventType":"INVOKE"}`, string(event))
	server.CloseClientConnections()
	_, err = api.next()
	require.NoError(t, err, "a broken connection is replaced")
	assert.Equal(t, []string{
		"POST /2020-01-01/extension/register ",
		"PUT /2022-07-01/telemetry id-1",
		"POST /2020-01-01/extension/init/error id-1",
		"GET /2020-01-01/extension/event/next id-1",
		"GET /2020-01-01/extension/event/next id-1",
	}, requests)
}

func TestRegisterRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("{\"errorType\":\n\"Extension.InvalidExtensionName\"}"))
	}))
	defer server.Close()
	api := &runtimeAPI{addr: strings.TrimPrefix(server.URL, "http://")}
	defer api.close()
	require.NoError(t, api.startRegister("x", "{}"))
	_, err := api.finishRegister()
	require.EqualError(t, err, `register: Lambda answered 403 {"errorType": "Extension.InvalidExtensionName"}`)
}

func TestLogger(t *testing.T) {
	var out strings.Builder
	logger{out: &out}.error("one\ntwo")
	logger{out: &out, json: jsonLogs(" ", "json")}.warn("say \"x\" \x1b[1m \xff \\")
	assert.Equal(t, "ERROR otelcol-lambda: one two\n"+
		`{"level":"WARN","logger":"otelcol-lambda","message":"say \"x\" [1m � \\"}`+"\n", out.String())
}

func TestJSONLogs(t *testing.T) {
	assert.True(t, jsonLogs("", "JSON"))
	assert.True(t, jsonLogs("JSON", "Text"))
	assert.False(t, jsonLogs("text", "JSON"))
	assert.False(t, jsonLogs("", "Text"))
	assert.False(t, jsonLogs("", ""))
}
