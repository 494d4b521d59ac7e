// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

const phasesTitle = "Start-up by phase"

// phases are the parts of a start, each with what the collector logs at its end; the first and the last end with a
// request.
var phases = []struct{ what, line string }{
	{"the supervisor starts and registers, ms", ""},
	{"the collector starts: process, Go runtime, initialisation of 550 packages, ms", "Configuration: "},
	{"configuration resolved and decoded, pipelines built, ms", "Starting otelcol-lambda"},
	{"pipelines started, ports open, ms", "Everything is ready"},
	{"telemetry subscribed, first event asked for, ms", ""},
}

// startPhases measures where the time of our start goes.
func (b *bench) startPhases(context.Context) (table, error) {
	t := table{
		About: fmt.Sprintf("Wall clock of the default layer, by the lines that it logs at level info; %d rounds. The supervisor registers and starts "+
			"the collector at the same time: only the first phase delays the function.", b.rounds(31)),
		Columns: []string{b.ours.name},
	}
	sub := b.ours
	sub.env = append(slices.Clone(sub.env), "OPENTELEMETRY_EXTENSION_LOG_LEVEL=info")
	for i := range b.rounds(31) {
		b.round(i, b.rounds(31))
		ends, err := phaseEnds(sub)
		if err != nil {
			return table{}, fmt.Errorf("start by phase: %w", err)
		}
		last := ends[0]
		t.row(phases[0].what, noTarget).add(sub.name, ms(last))
		for i, end := range ends[1:] {
			t.row(phases[i+1].what, noTarget).add(sub.name, ms(end-last))
			last = end
		}
	}
	return t, nil
}

// phaseEnds starts a subject and returns when each phase has ended, since exec.
func phaseEnds(sub subject) (ends []time.Duration, err error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	said := make(chan map[string]time.Time)
	go func() {
		at := map[string]time.Time{}
		for lines := bufio.NewScanner(out); lines.Scan(); { // until the last process has gone
			for _, p := range phases {
				if p.line != "" && strings.Contains(lines.Text(), p.line) {
					at[p.line] = time.Now()
				}
			}
		}
		said <- at
	}()
	result, err := startInto(in, sub, nil)
	err = errors.Join(err, in.Close())
	at := <-said
	if err != nil {
		return nil, err
	}
	ends = []time.Duration{result.register}
	for _, p := range phases[1 : len(phases)-1] {
		if at[p.line].IsZero() {
			return nil, fmt.Errorf("the line %q was not logged", p.line)
		}
		ends = append(ends, at[p.line].Sub(result.began))
	}
	return append(ends, result.next), nil
}
