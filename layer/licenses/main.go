// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The licenses command reads the licences of everything that is linked into an executable. Its --help is its manual.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit codes.
const (
	exitWritten = 0
	exitFailed  = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command.
func run(args []string, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "licenses: %v\n", err)
		return code
	}
	flags, o := newFlags()
	err := o.parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitWritten
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	if err := o.writeBoth(); err != nil {
		return fail(exitFailed, err)
	}
	return exitWritten
}

// writeBoth writes the texts and the bill of materials.
func (o *options) writeBoth() error {
	modules, err := linked(o.dir, o.tags, o.arch)
	if err != nil {
		return err
	}
	if err := identify(modules); err != nil {
		return err
	}
	if err := write(o.notices, func(w io.Writer) error { return writeNotices(w, modules) }); err != nil {
		return err
	}
	return write(o.sbom, func(w io.Writer) error { return writeSBOM(w, o.product, modules) })
}

// write creates the file and fills it.
func write(path string, fill func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return fill(f)
}
