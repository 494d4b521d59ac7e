// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"

	"github.com/otelcol-lambda/otelcol-lambda/e2e/clickhouse/engine"
)

// database is what is behind the interface.
type database interface {
	Query(database string, statement []byte, format string) ([]byte, error)
}

// handler is ClickHouse's HTTP interface. Parameters that are not of the interface itself are settings, which apply to
// an INSERT; for other statements the defaults of the engine apply. Requests may be compressed by decompress=1 or as
// HTTP has it, answers only by compress=1.
type handler struct {
	db             database
	user, password string
	version        string // of the engine, as the server adds it to its errors
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	if !h.isUser(r) {
		// The one answer that is never compressed: the server does not know yet that it should.
		h.fail(w, &engine.Error{Code: authenticationFailed, Message: fmt.Sprintf("Code: %d. DB::Exception: %s: Authentication failed: "+
			"password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)", authenticationFailed, userOf(r))},
			func(p []byte) ([]byte, error) { return p, nil })
		return
	}
	pack := func(p []byte) ([]byte, error) { return p, nil }
	if params.Get("compress") == "1" {
		pack = packed
	}
	statement, err := statementOf(r, params)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	format := cmp.Or(params.Get("default_format"), "TabSeparated")
	result, err := h.db.Query(params.Get("database"), statement, format)
	if err == nil && format == "Native" && len(result) > 0 {
		result, err = reframe(result, params.Get("client_protocol_version"))
	}
	if err != nil {
		h.fail(w, err, pack)
		return
	}
	write(w, http.StatusOK, result, pack)
}

// statementOf puts the parts of the statement together: the parameter query, if there is one, and the body.
func statementOf(r *http.Request, params url.Values) ([]byte, error) {
	var body io.Reader = r.Body
	switch {
	case params.Get("decompress") == "1":
		body = compress.NewReader(body)
	case r.Header.Get("Content-Encoding") == "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	if err != nil && !errors.Is(err, io.EOF) { // the reader wraps the end of the data
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if query := params.Get("query"); query != "" {
		return append([]byte(withSettings(query, params)+"\n"), data...), nil
	}
	return data, nil
}

// ofInterface are the parameters that are no settings.
var ofInterface = []string{"query", "query_id", "database", "default_format", "compress", "decompress", "client_protocol_version"}

// withSettings adds the settings of a request to an INSERT, before its format, where ClickHouse wants them.
func withSettings(query string, params url.Values) string {
	insert, format, isInsert := strings.Cut(query, " FORMAT ")
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(ofInterface, name) {
			settings = append(settings, fmt.Sprintf("%s = '%s'", name, strings.ReplaceAll(params.Get(name), "'", "\\'")))
		}
	}
	if !isInsert || len(settings) == 0 {
		return query
	}
	return insert + " SETTINGS " + strings.Join(settings, ", ") + " FORMAT " + format
}

func userOf(r *http.Request) string {
	user, _, _ := r.BasicAuth()
	return cmp.Or(user, r.Header.Get("X-ClickHouse-User"), "default")
}

func (h *handler) isUser(r *http.Request) bool {
	_, password, _ := r.BasicAuth()
	return userOf(r) == h.user && cmp.Or(password, r.Header.Get("X-ClickHouse-Key")) == h.password
}

// fail answers as the server does: the status goes by the exception's code.
func (h *handler) fail(w http.ResponseWriter, err error, pack func([]byte) ([]byte, error)) {
	status := http.StatusInternalServerError
	if exception, ok := errors.AsType[*engine.Error](err); ok {
		w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(exception.Code))
		status = cmp.Or(statuses[exception.Code], status)
	}
	write(w, status, []byte(fmt.Sprintf("%s (version %s (official build))\n", strings.TrimSpace(err.Error()), h.version)), pack)
}

func write(w http.ResponseWriter, status int, text []byte, pack func([]byte) ([]byte, error)) {
	if len(text) > 0 {
		var err error
		if text, err = pack(text); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone is no error of ours
}

// packed compresses as the parameter compress=1 asks for: ClickHouse's own blocks, LZ4.
func packed(p []byte) ([]byte, error) {
	writer := compress.NewWriter(compress.LevelZero, compress.LZ4)
	if err := writer.Compress(p); err != nil {
		return nil, fmt.Errorf("compress the answer: %w", err)
	}
	return writer.Data, nil
}

const authenticationFailed = 516

// statuses are those of the exceptions that tests provoke; any other is 500, NOT_ENOUGH_SPACE (243) among them. Source:
// exceptionCodeToHTTPStatus.cpp of ClickHouse.
var statuses = map[int]int{
	authenticationFailed: http.StatusForbidden,
	47:                   http.StatusNotFound,   // UNKNOWN_IDENTIFIER
	60:                   http.StatusNotFound,   // UNKNOWN_TABLE
	81:                   http.StatusNotFound,   // UNKNOWN_DATABASE
	62:                   http.StatusBadRequest, // SYNTAX_ERROR
	117:                  http.StatusBadRequest, // INCORRECT_DATA
}
