// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// check requires that everything of an invocation has arrived.
func (w *world) check(v variant, s scenario, inv lambdaemulator.Invocation) cell {
	w.t.Helper()
	var (
		logs   = w.logsOf(inv)
		spans  = w.spansOf(inv)
		points = w.pointsOf(v, inv)
		found  = cell{logs: len(logs), spans: len(spans), points: points, joined: len(spans) > 0}
	)
	var written, exceptions []otlpbackend.LogRecord
	for _, r := range logs {
		switch {
		case r.EventName == "faas.invocation.exception":
			exceptions = append(exceptions, r)
		case strings.Contains(r.Body, line(s)):
			written = append(written, r)
		default:
			continue // what a runtime says while it starts has no trace
		}
		found.joined = found.joined && r.TraceID == spans[0].TraceID
	}
	assert.Len(w.t, written, 1, "%s: the line, once", s.name)
	if s.do == "ok" {
		assert.Empty(w.t, exceptions, s.name)
	} else if assert.Len(w.t, exceptions, 1, "%s: the record of the failure", s.name) {
		assert.Equal(w.t, plog.SeverityNumberError, exceptions[0].SeverityNumber, s.name)
	}
	assert.NotEmpty(w.t, spans, "%s: spans", s.name)
	assert.True(w.t, found.joined, "%s: logs and spans have one trace id: %+v\n%+v", s.name, logs, spans)
	if s.do == "error" {
		var failed bool
		for _, span := range spans {
			failed = failed || span.StatusCode == ptrace.StatusCodeError
		}
		assert.True(w.t, failed, "%s: a span has the status", s.name)
	}
	if s.do != "hang" || !v.sdk { // an SDK that is killed sends nothing
		assert.NotZero(w.t, points, "%s: metrics", s.name)
	}
	return found
}

// logsOf are the log records with the invocation's id.
func (w *world) logsOf(inv lambdaemulator.Invocation) []otlpbackend.LogRecord {
	var records []otlpbackend.LogRecord
	for _, r := range w.backend.Logs() {
		if r.Attributes["faas.invocation_id"] == inv.RequestID {
			records = append(records, r)
		}
	}
	return records
}

// spansOf are the spans of the traces that have a span with the invocation's id.
func (w *world) spansOf(inv lambdaemulator.Invocation) []otlpbackend.Span {
	traces := map[string]bool{}
	for _, s := range w.backend.Spans() {
		if s.Attributes["faas.invocation_id"] == inv.RequestID {
			traces[s.TraceID] = true
		}
	}
	var spans []otlpbackend.Span
	for _, s := range w.backend.Spans() {
		if traces[s.TraceID] {
			spans = append(spans, s)
		}
	}
	return spans
}

// pointsOf counts the data points of the function's counter that were made in the invocation. Those that the layer makes of
// what Lambda says are collected over several invocations: they are counted for each.
func (w *world) pointsOf(v variant, inv lambdaemulator.Invocation) int {
	count := 0
	for _, p := range w.backend.DataPoints() {
		switch {
		case v.sdk && p.Name == "e2e.invocations" && !p.Time.Before(inv.Start) && !p.Time.After(inv.End),
			!v.sdk && p.Name == "faas.invoke_duration":
			count++
		}
	}
	return count
}

// checkResources requires on everything that arrived the attributes that ClickStack's guide names.
func (w *world) checkResources() {
	w.t.Helper()
	resources := map[string]map[string]any{}
	for _, r := range w.backend.Logs() {
		resources["log "+r.Body] = r.Resource
	}
	for _, s := range w.backend.Spans() {
		resources["span "+s.Name] = s.Resource
	}
	for _, p := range w.backend.DataPoints() {
		resources["metric "+p.Name] = p.Resource
	}
	for what, resource := range resources {
		for name, value := range map[string]string{
			"service.name": "shop", "faas.name": "shop", "cloud.provider": "aws", "cloud.platform": "aws_lambda",
		} {
			assert.Equal(w.t, value, resource[name], "%s: %s", what, name)
		}
	}
}

// table is what arrived of every variant and scenario.
type table struct {
	rows []string
	last string
}

func (t *table) add(v variant, _ scenario, c cell) {
	if t.last != v.String() {
		t.last = v.String()
		t.rows = append(t.rows, t.last)
	}
	t.rows[len(t.rows)-1] += "\t" + c.String()
}

func (t *table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	header := "RUNTIME"
	for _, s := range scenarios() {
		header += "\t" + strings.ToUpper(s.name)
	}
	for _, row := range append([]string{header}, t.rows...) {
		fmt.Fprintln(w, row)
	}
	_ = w.Flush() // writes into memory
	return text.String() + "L log records, S spans, M data points of the function's counter; joined: one trace id"
}
