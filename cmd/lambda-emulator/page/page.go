// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package page renders what happened in the emulator as one HTML page that needs nothing else: no script, no font, no
// request. It shows the environment over time, what was sent and what arrived, and what it cost.
package page

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// Run is everything that the page is about.
type Run struct {
	// Layer and Function are their files, as the user named them. Layer is empty if there is none.
	Layer, Function string
	Events          []lambdaemulator.TimelineEvent
	Invocations     []lambdaemulator.Invocation
	Lines           []lambdaemulator.LogLine
	Totals          []Total
	Faults          []Fault

	// External: the backend is the user's own, so that what arrived there is not known.
	External bool
	Requests []otlpbackend.Request
	Logs     []otlpbackend.LogRecord
	Spans    []otlpbackend.Span
	Points   []otlpbackend.DataPoint
}

// Total compares what was sent with what arrived. The last three are unknown if the backend is the user's own.
type Total struct {
	Name                            string
	Sent, Arrived, Lost, Duplicated int
}

// Fault is a change of the backend: from Time on it is in State, such as "hang"; empty when it is well again.
type Fault struct {
	Time  time.Time
	State string
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
)

// Write renders the page.
func Write(w io.Writer, run Run) error {
	parsed, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, run.view()); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

// view is what the template shows.
type view struct {
	Run
	CSS      template.CSS
	Complete bool
	Costs    []cost
	Timeline chart
	Calls    []call
	Traces   []trace
	LogRows  []logRow
	Metrics  []metric
	Output   []outputLine
}

func (run Run) view() view {
	clock := newClock(run)
	return view{
		Run:      run,
		CSS:      template.CSS(pageCSS), //nolint:gosec // it is embedded above
		Complete: run.complete(),
		Costs:    run.costs(),
		Timeline: newChart(run, clock),
		Calls:    run.calls(clock),
		Traces:   run.traces(clock),
		LogRows:  logRows(run.Logs, clock),
		Metrics:  run.metrics(),
		Output:   run.output(clock),
	}
}

func (run Run) complete() bool {
	for _, t := range run.Totals {
		if t.Lost+t.Duplicated > 0 {
			return false
		}
	}
	return true
}
