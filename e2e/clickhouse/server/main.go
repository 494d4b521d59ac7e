// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command server is a ClickHouse server for the tests: the engine in a process of its own, behind ClickHouse's HTTP
// interface as far as clickhouse-go, which the clickhouse exporter speaks with, and the tests' own queries use it. Its
// --help is its manual.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/e2e/clickhouse/engine"
)

const usage = `server is a ClickHouse server for tests: ClickHouse's engine behind its HTTP interface.

    server --library FILE --data DIR [--user default] [--password PASSWORD]

make e2e-clickhouse builds it, fetches the engine, and runs it:

    build/e2e-clickhouse/server --data /tmp/data \
        --library build/e2e-clickhouse/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so

It listens on a free port of 127.0.0.1 and prints its URL, one line, when it is ready. It ends with SIGTERM or SIGINT.

FLAGS
  --library FILE        the engine: libchdb.so (required)
  --data DIR            the databases; it is made if there is none (required)
  --user default        the one user that is let in
  --password PASSWORD   the user's password; default: none

EXIT CODE
  0  it was ended by a signal
  1  it could not start, or failed
  2  wrong usage
`

// Exit codes.
const (
	exitEnded  = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

// command parses the command line and runs the server.
func command(args []string, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "server: %v\n", err)
		return code
	}
	flags, o := newFlags()
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitEnded
	}
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.library == "" || o.data == "":
		err = errors.New("--library and --data are required")
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	if err := o.run(stdout); err != nil {
		return fail(exitFailed, err)
	}
	return exitEnded
}

type options struct{ library, data, user, password string }

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	flags, o := flag.NewFlagSet("server", flag.ContinueOnError), &options{}
	flags.SetOutput(io.Discard) // command prints errors and usage
	flags.StringVar(&o.library, "library", "", "")
	flags.StringVar(&o.data, "data", "", "")
	flags.StringVar(&o.user, "user", "default", "")
	flags.StringVar(&o.password, "password", "", "")
	return flags, o
}

// run serves until a signal comes.
func (o *options) run(stdout io.Writer) error {
	db, err := engine.Open(o.library, o.data)
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
		Handler:           &handler{db: db, user: o.user, password: o.password, version: string(version[:len(version)-1])},
		ReadHeaderTimeout: time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	_, _ = fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
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
