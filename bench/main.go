// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The bench command measures what the built layer costs: how it starts, what it adds to invocations, what telemetry
// costs in CPU and memory, against programs that show the floor, the stock Collector, and a peer if one is named. `make
// bench` builds what it needs. Counts (page faults, instructions) hold on any machine; times are of the machine.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"
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

	ours, oursHTTP subject
	others         []subject // full layer, peer, floors
}

func main() {
	log.SetFlags(0)
	layerPath := flag.String("layer", "", "the layer to measure")
	full := flag.String("full", "", "the full layer; empty: none")
	peer := flag.String("peer", "", "another extension: an executable, a layer's directory or zip; empty: none")
	peerConfig := flag.String("peer-config", "bench/peer.yaml", "the Collector configuration of the peer")
	build := flag.String("build", "build/bench", "where the function, the floors and the stock Collector are")
	out := flag.String("out", "bench", "where to write results.md and results.svg")
	only := flag.String("only", "", "the title of the one table to measure and to print")
	components := flag.String("components", "", "measure instead the layers of this pattern, which have one component more")
	quick := flag.Bool("quick", false, "a tenth of the rounds: shows that it works, and nothing about speed")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()

	temp, err := os.MkdirTemp("", "otelcol-lambda-bench")
	if err != nil {
		log.Fatal(err)
	}
	b := &bench{pace: 1, quick: *quick, function: filepath.Join(*build, "function"), stock: filepath.Join(*build, "stock", "stock"), zip: *layerPath, fullZip: *full}
	err = b.prepare(temp, *build, *peer, *peerConfig)
	switch {
	case err != nil:
	case *components != "":
		err = b.components(temp, *components, *out)
	default:
		err = b.run(ctx, *only, *out)
	}
	_ = os.RemoveAll(temp)
	if err != nil {
		log.Fatal("bench: ", err)
	}
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
	b.others = append(b.others, subject{name: httpFloor, path: filepath.Join(build, "nethttp")},
		subject{name: socketFloor, path: filepath.Join(build, "socket")})
	return nil
}

// run runs all benchmarks and writes the results; or one, and prints them.
func (b *bench) run(ctx context.Context, only, out string) error {
	var tables []table
	for _, part := range []struct {
		title   string
		measure func(context.Context) (table, error)
	}{
		{"Size", b.sizes},
		{"Start-up", b.startUps},
		{phasesTitle, b.startPhases},
		{"Start-up with a function's share of a CPU", b.sharedStartUps},
		{"Instructions", b.instructions},
		{"Cold secrets", b.secrets},
		{"What the function waits for", b.latency},
		{"What telemetry costs", b.work},
		{"When it becomes too much", b.stress},
	} {
		if only != "" && part.title != only {
			continue
		}
		began := time.Now()
		t, err := part.measure(ctx)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		t.Title = part.title
		fmt.Printf("%-45s %s\n", t.Title, time.Since(began).Round(time.Second))
		tables = append(tables, t)
	}
	if only == "" {
		return write(out, tables)
	}
	for _, t := range tables {
		var text bytes.Buffer
		t.markdown(&text)
		if _, err := text.WriteTo(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}
