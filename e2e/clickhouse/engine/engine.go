// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine runs ClickHouse inside this process: libchdb, ClickHouse built as a library, which has the storage, the
// SQL and the errors of the server, but no network interface, no users and no asynchronous inserts.
package engine

import (
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Engine is ClickHouse. One process can have one.
type Engine struct {
	lib  library
	conn *uintptr // what chdb_connect returned: a pointer to the handle that queries take

	mu sync.Mutex // statements run one after the other: the current database belongs to the connection
}

// library is the part of libchdb's C interface that is used here.
type library struct {
	connect       func(argc int32, argv **byte) *uintptr
	closeConn     func(conn *uintptr)
	query         func(conn uintptr, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr) uintptr
	resultBuffer  func(result uintptr) *byte
	resultLength  func(result uintptr) uintptr
	resultError   func(result uintptr) string
	destroyResult func(result uintptr)
}

// Error is an exception of ClickHouse.
type Error struct {
	Code    int    // one of ClickHouse's ErrorCodes, for example 60 for UNKNOWN_TABLE
	Message string // as the server writes it: "Code: 60. DB::Exception: … (UNKNOWN_TABLE)"
}

func (e *Error) Error() string { return e.Message }

var errorCode = regexp.MustCompile(`^Code: (\d+)\. `)

// Open loads the library and opens the databases in dir, which is made if it is not there.
func Open(path, dir string) (*Engine, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %q: %w", path, err)
	}
	e := &Engine{}
	for name, function := range map[string]any{
		"chdb_connect":              &e.lib.connect,
		"chdb_close_conn":           &e.lib.closeConn,
		"chdb_query_n":              &e.lib.query,
		"chdb_result_buffer":        &e.lib.resultBuffer,
		"chdb_result_length":        &e.lib.resultLength,
		"chdb_result_error":         &e.lib.resultError,
		"chdb_destroy_query_result": &e.lib.destroyResult,
	} {
		purego.RegisterLibFunc(function, handle, name)
	}
	args := []*byte{cString("clickhouse"), cString("--path=" + dir)}
	e.conn = e.lib.connect(int32(len(args)), unsafe.SliceData(args))
	runtime.KeepAlive(args)
	if e.conn == nil || *e.conn == 0 {
		return nil, fmt.Errorf("%q cannot open the databases in %q", path, dir)
	}
	return e, nil
}

// Query runs one statement in a database, or in the current one if database is empty. format is that of the result,
// unless the statement names one. The data of an INSERT follows its text after a line break. A statement that
// ClickHouse refuses is an *Error.
func (e *Engine) Query(database string, statement []byte, format string) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if database != "" {
		if _, err := e.run([]byte("USE `"+database+"`"), format); err != nil {
			return nil, err
		}
	}
	return e.run(statement, format)
}

func (e *Engine) run(statement []byte, format string) ([]byte, error) {
	result := e.lib.query(*e.conn, unsafe.SliceData(statement), uintptr(len(statement)),
		unsafe.StringData(format), uintptr(len(format)))
	defer e.lib.destroyResult(result)
	if text := e.lib.resultError(result); text != "" {
		failure := &Error{Message: text}
		if match := errorCode.FindStringSubmatch(text); match != nil {
			failure.Code, _ = strconv.Atoi(match[1])
		}
		return nil, failure
	}
	n := e.lib.resultLength(result)
	if n == 0 {
		return nil, nil
	}
	return append([]byte(nil), unsafe.Slice(e.lib.resultBuffer(result), n)...), nil
}

// Close closes the databases.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lib.closeConn(e.conn)
}

func cString(s string) *byte { return unsafe.SliceData(append([]byte(s), 0)) }
