// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/cmd/lambda-emulator/page"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// report is everything that is known at the end.
type report struct {
	events      []lambdaemulator.TimelineEvent
	lines       []lambdaemulator.LogLine
	invocations []lambdaemulator.Invocation
	rows        int // limit of a table; 0: none

	external bool // the backend is the user's: what follows is unknown
	requests []otlpbackend.Request
	logs     []otlpbackend.LogRecord
	spans    []otlpbackend.Span
	points   []otlpbackend.DataPoint
}

func newReport(
	events []lambdaemulator.TimelineEvent,
	lines []lambdaemulator.LogLine,
	invocations []lambdaemulator.Invocation,
	backend *otlpbackend.Backend,
) *report {
	r := &report{events: events, lines: lines, invocations: invocations, external: backend == nil}
	if backend != nil {
		r.receive(backend)
	}
	return r
}

// receive takes over what has arrived at the backend.
func (r *report) receive(backend *otlpbackend.Backend) {
	r.requests, r.logs, r.spans = backend.Requests(), backend.Logs(), backend.Spans()
	r.points = backend.DataPoints()
}

// await gives requests that are on their way the time to arrive, if something is missing.
func (r *report) await(ctx context.Context, backend *otlpbackend.Backend, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// An error says that something is missing still: the report will say what.
	_ = backend.WaitFor(ctx, func(b *otlpbackend.Backend) bool {
		r.receive(b)
		logs, _ := tallyLogs(r.lines, r.logs)
		spans, _ := tallySpans(r.invocations, r.spans)
		answered := !slices.ContainsFunc(r.requests, func(q otlpbackend.Request) bool { return q.Outcome == otlpbackend.Pending })
		return logs.lost == 0 && spans.lost == 0 && answered
	})
}

// writePage writes the report as an HTML page.
func writePage(options options, r *report, faults []page.Fault) error {
	totals, _, _ := r.totals()
	var out bytes.Buffer
	err := page.Write(&out, page.Run{
		Layer: options.emulator.Layer, Function: options.emulator.Function,
		Events: r.events, Invocations: r.invocations, Lines: r.lines, Totals: totals, Faults: faults,
		External: r.external, Requests: r.requests, Logs: r.logs, Spans: r.spans, Points: r.points,
	})
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	if err := os.WriteFile(options.report, out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// complete reports whether nothing that can be known was lost or duplicated.
func (r *report) complete() bool {
	if r.external {
		return true
	}
	logs, _ := tallyLogs(r.lines, r.logs)
	spans, _ := tallySpans(r.invocations, r.spans)
	return logs.lost+logs.duplicated+spans.lost+spans.duplicated == 0
}

func (r *report) write(w io.Writer) error {
	var out bytes.Buffer
	var origin time.Time
	if len(r.events) > 0 {
		origin = r.events[0].Time
	}
	at := clock{origin: origin, invocations: lambdaemulator.InvocationNumbers(r.events)}
	if !r.external {
		writeLogs(&out, r.logs, at, r.rows)
		writeSpans(&out, r.spans, at, r.rows)
	}
	writeTimeline(&out, timeline(r.events, r.requests), at)
	r.writeTotals(&out)
	_, err := w.Write(out.Bytes())
	return err
}

// totals also returns how many other log records arrived, and how many invocations did not say what spans they sent.
func (r *report) totals() (totals []page.Total, others, silent int) {
	logs, others := tallyLogs(r.lines, r.logs)
	spans, silent := tallySpans(r.invocations, r.spans)
	for _, row := range []struct {
		name  string
		tally tally
	}{{"log lines of the function", logs}, {"spans of the function", spans}} {
		totals = append(totals, page.Total{
			Name: row.name,
			Sent: row.tally.sent, Arrived: row.tally.arrived, Lost: row.tally.lost, Duplicated: row.tally.duplicated,
		})
	}
	return totals, others, silent
}

func (r *report) writeTotals(out *bytes.Buffer) {
	totals, others, silent := r.totals()
	t := newTable("TOTALS", text(""), numbers("SENT"), numbers("ARRIVED"), numbers("LOST"), numbers("DUPLICATED"))
	for _, total := range totals {
		cells := []string{total.Name, strconv.Itoa(total.Sent)}
		if r.external {
			cells = append(cells, "?", "?", "?")
		} else {
			for _, n := range []int{total.Arrived, total.Lost, total.Duplicated} {
				cells = append(cells, strconv.Itoa(n))
			}
		}
		t.row(cells...)
	}
	t.write(out, 0)
	if silent > 0 {
		fmt.Fprintf(out, "%d of %d invocations did not say what spans they sent: theirs are not among SENT.\n", silent, len(r.invocations))
	}
	if r.external {
		fmt.Fprintln(out, "What arrived is for your own backend to say.")
		return
	}
	fmt.Fprintf(out, "Also arrived: %d other log records, %d spans of Lambda's own events, %d data points, in %d requests altogether.\n",
		others, len(r.spans)-len(functionSpans(r.spans)), len(r.points), len(r.requests))
}
