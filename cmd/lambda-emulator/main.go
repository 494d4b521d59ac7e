// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command lambda-emulator runs a function and a layer in a local Lambda and shows what telemetry came of it. Its --help
// is its manual.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// Exit codes.
const (
	exitArrived    = 0
	exitIncomplete = 1
	exitUsage      = 2
	exitFault      = 3
)

// arrivalTime is how long the backend may still be busy with the last requests once the environment is gone: what
// they hold is in this machine already.
const arrivalTime = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command: the report goes to stdout, all else to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "lambda-emulator: %v\n", err)
		return code
	}
	options, err := parseOptions(args, stdin)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitArrived
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	var backend *otlpbackend.Backend
	if options.backendIsOurs() {
		if backend, err = otlpbackend.Start(otlpbackend.Config{}); err != nil {
			return fail(exitFault, err)
		}
		defer backend.Close()
	}
	said := io.Discard
	if !options.quiet {
		said = &lines{out: stderr}
	}
	p := newProgress(options.events)
	options.emulator.Output, options.emulator.OnEvent = said, p.happened
	options.emulator.Env = options.environment(backend)
	function, err := lambdaemulator.New(options.emulator)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	faulty := &faultyBackend{backend: backend}
	stopTelling := p.tell(said)
	invocations, playErr := play(ctx, function, faulty, options.events, options.idle)
	stopTelling()
	if err := errors.Join(playErr, function.Close()); err != nil {
		// What is known up to here may tell why.
		defer func() { exit = fail(exitFault, err) }()
	}
	report := newReport(function.Timeline(), function.Lines(), invocations, backend)
	report.rows = options.rows
	if backend != nil {
		report.await(ctx, backend, arrivalTime)
	}
	if err := report.write(stdout); err != nil {
		return fail(exitFault, err)
	}
	if options.report != "" {
		if err := writePage(options, report, faulty.changes); err != nil {
			return fail(exitFault, err)
		}
		_, _ = fmt.Fprintf(stdout, "The same as a page: %s\n", options.report)
	}
	if report.complete() {
		return exitArrived
	}
	return exitIncomplete
}
