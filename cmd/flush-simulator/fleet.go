// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"text/tabwriter"
	"time"
)

const (
	// recordSize is what a log line or a span takes in a request: half a kilobyte, a fifth of it when compressed.
	recordSize = 100
	// sample is how many environments are simulated for all of a fleet.
	sample = 64
	// fleetLife is for how long.
	fleetLife = 30 * time.Minute
)

// fleetRates are the gaps between the invocations of an environment.
var fleetRates = []time.Duration{200 * time.Millisecond, time.Second, 10 * time.Second, 2 * time.Minute}

// traffic is what one environment adds to a backend, on average.
type traffic struct {
	requests, dials float64 // per second
	bytes           float64 // of a request, compressed
}

// perEnvironment measures the traffic of a sample.
func perEnvironment(r rules, seed uint64, gap time.Duration) traffic {
	total := &costs{}
	for i := range uint64(sample) {
		random := rand.New(rand.NewPCG(seed, i))
		total.add(run(r, load{seed: seed<<16 + i, arrivals: poisson(random, gap, fleetLife), function: typical, lines: 6, spans: 4}))
	}
	seconds := fleetLife.Seconds() * sample
	return traffic{
		requests: float64(total.requests) / seconds,
		dials:    float64(total.dials) / seconds,
		bytes:    float64(len(total.ages)*recordSize) / float64(total.requests),
	}
}

// printFleet prints what fleets of environments do to one backend, per signal and exporter.
func printFleet(out io.Writer, seed uint64) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer func() { _ = w.Flush() }()
	_, _ = fmt.Fprintln(w, "environments\tinvoked every\tpolicy\trequests/s\tnew connections/s\tKB/request\tKB/s\t")
	for _, gap := range fleetRates {
		for _, r := range policies() {
			t := perEnvironment(r, seed, gap)
			for n := 10; n <= 100_000; n *= 10 {
				requests := t.requests * float64(n)
				_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%.4g\t%.3g\t%.3g\t%.4g\t\n", n, gap, r.name,
					requests, t.dials*float64(n), t.bytes/1000, requests*t.bytes/1000)
			}
		}
	}
	_, _ = fmt.Fprintln(w, "\t\t\t\t\t\t\t")
	_, _ = fmt.Fprintln(w, "recovery of 10,000\tinvoked every\tprobes\tpeak requests/s\tusual\t95% back after\t\t")
	for _, gap := range fleetRates {
		for _, jitter := range []bool{true, false} {
			r := recoverFleet(seed, gap, jitter)
			name := "with jitter"
			if !jitter {
				name = "without"
			}
			_, _ = fmt.Fprintf(w, "\t%s\t%s\t%d\t%d\t%s\t\t\n", gap, name, r.peak, r.usual, r.back.Round(100*time.Millisecond))
		}
	}
}
