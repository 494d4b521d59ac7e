// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/cmd/lambda-emulator/page"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// clock makes times relative to the beginning of the environment, and request ids the numbers of invocations.
type clock struct {
	origin      time.Time
	invocations map[string]int
}

func (c clock) ms(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(t.Sub(c.origin).Microseconds())/1000)
}

// invocation returns the number of the invocation that the attributes name.
func (c clock) invocation(attributes map[string]any) string {
	id, _ := attributes[invocationID].(string)
	if number, ok := c.invocations[id]; ok {
		return strconv.Itoa(number)
	}
	return cmp.Or(id, "-")
}

// writeLogs prints the log records as they arrived. Their own times come from several clocks of unequal precision, so
// they would not sort better.
func writeLogs(out *bytes.Buffer, logs []otlpbackend.LogRecord, at clock, rows int) {
	t := newTable("LOGS",
		numbers("AT (ms)"), text("SEVERITY"), text("FROM"), numbers("INVOCATION"), text("BODY AND ATTRIBUTES"))
	for _, l := range logs {
		t.row(at.ms(l.Time), cmp.Or(l.Severity(), "-"), page.Source(l), at.invocation(l.Attributes), bodyAndAttributes(l))
	}
	t.write(out, rows)
	writeResources(out, logs)
}

func bodyAndAttributes(l otlpbackend.LogRecord) string {
	parts := []string{l.Body}
	if l.EventName != "" {
		parts = []string{l.EventName, l.Body}
	}
	for _, key := range slices.Sorted(maps.Keys(l.Attributes)) {
		if key != invocationID && key != "aws.lambda.telemetry.type" {
			parts = append(parts, fmt.Sprintf("%s=%v", key, l.Attributes[key]))
		}
	}
	return strings.Join(parts, "  ")
}

// writeResources prints each resource that the logs come from, once.
func writeResources(out *bytes.Buffer, logs []otlpbackend.LogRecord) {
	seen := map[string]bool{}
	for _, l := range logs {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(l.Resource)) {
			parts = append(parts, fmt.Sprintf("%s=%v", key, l.Resource[key]))
		}
		if resource := strings.Join(parts, "  "); !seen[resource] {
			seen[resource] = true
			fmt.Fprintf(out, "Resource: %s\n", cmp.Or(resource, "no attributes"))
		}
	}
}

// writeSpans prints the spans trace by trace, each below its parent.
func writeSpans(out *bytes.Buffer, spans []otlpbackend.Span, at clock, rows int) {
	t := newTable("SPANS",
		numbers("AT (ms)"), numbers("TOOK (ms)"), text("SPAN"), text("STATUS"), numbers("INVOCATION"), text("SERVICE"))
	invocations := map[string]string{} // by trace: it is enough if one span of it says so
	for _, s := range spans {
		if number := at.invocation(s.Attributes); number != "-" {
			invocations[s.TraceID] = number
		}
	}
	for _, s := range otlpbackend.Nest(spans) {
		status := "-"
		if s.StatusCode != ptrace.StatusCodeUnset {
			status = strings.TrimSpace(s.StatusCode.String() + " " + s.StatusMessage)
		}
		service, _ := s.Resource["service.name"].(string)
		t.row(at.ms(s.Start), fmt.Sprintf("%.2f", float64(s.End.Sub(s.Start).Microseconds())/1000),
			strings.Repeat("  ", s.Depth)+s.Name, status, cmp.Or(invocations[s.TraceID], "-"), cmp.Or(service, "-"))
	}
	t.write(out, rows)
}

func writeTimeline(out *bytes.Buffer, moments []moment, at clock) {
	t := newTable("TIMELINE", numbers("AT (ms)"), text("WHAT"), text(""))
	for _, m := range moments {
		t.row(at.ms(m.at), m.what, m.detail)
	}
	t.write(out, 0)
}
