// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command server is a ClickHouse server for the tests: the engine in a process of its own, behind ClickHouse's HTTP
// interface as far as clickhouse-go, which the clickhouse exporter speaks with, and the tests' own queries use it.
//
//	server -library libchdb.so -data DIR -user USER -password PASSWORD
//
// It listens on a free port of 127.0.0.1 and writes its URL, one line, when it is ready. It ends with SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/e2e/clickhouse/engine"
)

func main() {
	library := flag.String("library", "", "`file` of libchdb")
	data := flag.String("data", "", "`directory` of the databases")
	user := flag.String("user", "default", "the one `name` that is let in")
	password := flag.String("password", "", "its password")
	flag.Parse()
	if err := run(*library, *data, *user, *password); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(library, data, user, password string) error {
	db, err := engine.Open(library, data)
	if err != nil {
		return err
	}
	defer db.Close()
	version, err := db.Query("", []byte("SELECT version()"), "TSVRaw")
	if err != nil {
		return err
	}
	// Only now: the library brings signal handlers of its own.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           &handler{db: db, user: user, password: password, version: string(version[:len(version)-1])},
		ReadHeaderTimeout: time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	fmt.Printf("http://%s\n", listener.Addr())
	select {
	case err = <-done:
	case <-ctx.Done():
		err = srv.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	return err
}
