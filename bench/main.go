// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The bench command measures what the built layer costs: how it starts, what it adds to invocations, what telemetry
// costs in CPU and memory, against programs that show the floor, the stock Collector, and a peer if one is named. Its
// --help is its manual. Counts (page faults, instructions) hold on any machine; times are of the machine.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
)

// Exit codes.
const (
	exitMeasured = 0
	exitFailed   = 1
	exitUsage    = 2
)

// fullName is the full layer's.
const fullName = "full layer"

// socketFloor is the name of the least extension: the target of register is a multiple of its time.
const socketFloor = "floor: sockets"

// httpFloor is the least extension that speaks HTTP by the standard library, and targetsFloor the CPU time in ms that it
// took until ready on the machine which the targets are from.
const (
	httpFloor    = "floor: net/http"
	targetsFloor = 3.9
)

// bench is what all benchmarks share.
type bench struct {
	quick    bool
	function string  // directory of the function
	stock    string  // the stock Collector
	zip      string  // ours, as it is packed
	fullZip  string  // "" if there is none
	layers   []layer // ours, and the peer
	pace     float64 // how many times longer the floor takes here than where the targets are from
	progress

	ours, oursHTTP subject
	others         []subject // full layer, peer, floors
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command: progress and errors go to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "bench: %v\n", err)
		return code
	}
	flags, o := newFlags()
	err := o.parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitMeasured
	}
	b := &bench{
		pace: 1, quick: o.quick, function: filepath.Join(o.build, "function"), stock: filepath.Join(o.build, "stock", "stock"),
		zip: o.layer, fullZip: o.full, progress: progress{out: stderr},
	}
	parts := b.parts(o.only)
	if err == nil && len(parts) == 0 {
		err = fmt.Errorf("--only %q: no table has that title, which is one of those in bench/results.md", o.only)
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	temp, err := os.MkdirTemp("", "otelcol-lambda-bench")
	if err != nil {
		return fail(exitFailed, err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	err = b.prepare(temp, o.build, o.peer, o.peerConfig)
	switch {
	case err != nil:
	case o.components != "":
		err = b.components(temp, o.components, o.out)
	default:
		err = b.results(ctx, parts, o, stdout)
	}
	if err != nil {
		return fail(exitFailed, err)
	}
	return exitMeasured
}

// prepare unpacks the layers and says what is to be measured.
func (b *bench) prepare(temp, build, peer, peerConfig string) error {
	if err := adoptOrphans(); err != nil {
		return err
	}
	dir, err := openLayer(b.zip, temp)
	if err != nil {
		return err
	}
	b.layers = []layer{{"otelcol-lambda", dir, ourEnv("http")}}
	if b.ours, err = (layer{"otelcol-lambda", dir, ourEnv("grpc")}).subject(); err != nil {
		return err
	}
	if b.oursHTTP, err = (layer{"the same, OTLP/HTTP out", dir, ourEnv("http")}).subject(); err != nil {
		return err
	}
	add := func(name, path string, env func(backend, listen string) map[string]string) (layer, error) {
		dir, err := openLayer(path, temp)
		if err != nil {
			return layer{}, err
		}
		l := layer{name, dir, env}
		sub, err := l.subject()
		b.others = append(b.others, sub)
		return l, err
	}
	if b.fullZip != "" {
		if _, err := add(fullName, b.fullZip, ourEnv("grpc")); err != nil {
			return err
		}
	}
	if peer != "" {
		config, err := filepath.Abs(peerConfig)
		if err != nil {
			return err
		}
		l, err := add("peer", peer, peerEnv(config))
		if err != nil {
			return err
		}
		b.layers = append(b.layers, l)
	}
	for _, floor := range []struct{ name, program string }{{httpFloor, "nethttp"}, {socketFloor, "socket"}} {
		path := filepath.Join(build, floor.program)
		b.others = append(b.others, subject{name: floor.name, path: path, files: path})
	}
	return nil
}

// part makes a table.
type part struct {
	title   string
	measure func(context.Context) (table, error)
}

// parts returns the one with that title, or all in the order of the results.
func (b *bench) parts(only string) []part {
	all := []part{
		{"Size", b.sizes},
		{"Start-up", b.startUps},
		{phasesTitle, b.startPhases},
		{"Start-up with a function's share of a CPU", b.sharedStartUps},
		{"Instructions", b.instructions},
		{"Cold secrets", b.secrets},
		{"What the function waits for", b.latency},
		{"What telemetry costs", b.work},
		{"When it becomes too much", b.stress},
	}
	return slices.DeleteFunc(all, func(p part) bool { return only != "" && p.title != only })
}

// run measures the parts.
func (b *bench) run(ctx context.Context, parts []part) ([]table, error) {
	var tables []table
	for _, p := range parts {
		b.begin(p.title)
		t, err := p.measure(ctx)
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.end()
		t.Title = p.title
		tables = append(tables, t)
	}
	return tables, nil
}

// results measures the parts and writes the tables; or prints them, if not all were wanted.
func (b *bench) results(ctx context.Context, parts []part, o *options, stdout io.Writer) error {
	tables, err := b.run(ctx, parts)
	if err != nil {
		return err
	}
	if o.only == "" {
		return write(o.out, tables)
	}
	var text bytes.Buffer
	for _, t := range tables {
		t.markdown(&text)
	}
	_, err = text.WriteTo(stdout)
	return err
}
