// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

var origin = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is so many milliseconds after the origin.
func after(ms float64) time.Time { return origin.Add(time.Duration(ms * float64(time.Millisecond))) }

var at = clock{origin: origin, invocations: map[string]int{"r1": 1, "r2": 2}}

func requireText(t *testing.T, want string, out *bytes.Buffer) {
	t.Helper()
	assert.Equal(t, strings.TrimPrefix(want, "\n"), strings.TrimPrefix(out.String(), "\n"))
}

func TestWriteLogs(t *testing.T) {
	t.Parallel()
	resource := otlpbackend.Arrival{Resource: map[string]any{"service.name": "shop", "faas.max_memory": 512}}
	var out bytes.Buffer
	writeLogs(&out, []otlpbackend.LogRecord{
		{
			Arrival: resource, Time: after(1234.56), SeverityNumber: plog.SeverityNumberError, Body: "order\nfailed\x1b[31m",
			Attributes: map[string]any{invocationID: "r2", "items": int64(3), "a": "b"},
		},
		{Arrival: resource, Time: after(2), SeverityText: "INFO", Body: "hello", Attributes: map[string]any{invocationID: "r1"}},
		{
			Arrival: resource, Time: after(1), Body: "ready",
			Attributes: map[string]any{"aws.lambda.telemetry.type": "extension"},
		},
		{Body: "{}", EventName: "platform.report", Attributes: map[string]any{invocationID: "r9"}},
	}, at, 0)
	requireText(t, `
LOGS
  AT (ms)  SEVERITY  FROM       INVOCATION  BODY AND ATTRIBUTES
   1234.6  ERROR     function            2  order failed [31m  a=b  items=3
      2.0  INFO      function            1  hello
      1.0  -         extension           -  ready
        -  -         platform           r9  platform.report  {}
Resource: faas.max_memory=512  service.name=shop
Resource: no attributes
`, &out)
}

func TestWriteSpans(t *testing.T) {
	t.Parallel()
	span := func(id, parent, name string, start, end float64) otlpbackend.Span {
		return otlpbackend.Span{TraceID: "t", SpanID: id, ParentSpanID: parent, Name: name, Start: after(start), End: after(end)}
	}
	other := func(s otlpbackend.Span) otlpbackend.Span { s.TraceID = "u"; return s }
	failed := span("d", "c", "pay", 3, 3.5)
	failed.StatusCode, failed.StatusMessage = ptrace.StatusCodeError, "declined"
	root := span("a", "", "order", 1, 5)
	root.Attributes = map[string]any{invocationID: "r1"}
	root.Resource = map[string]any{"service.name": "shop"}
	var out bytes.Buffer
	writeSpans(&out, []otlpbackend.Span{
		failed, span("c", "a", "charge", 3, 4), span("b", "a", "check", 2, 3), root, root, // one came twice
		other(span("e", "elsewhere", "orphan", 10, 10)), other(span("f", "f", "its own parent", 11, 11)),
	}, at, 0)
	requireText(t, `
SPANS
  AT (ms)  TOOK (ms)  SPAN            STATUS          INVOCATION  SERVICE
      1.0       4.00  order           -                        1  shop
      2.0       1.00    check         -                        1  -
      3.0       1.00    charge        -                        1  -
      3.0       0.50      pay         Error declined           1  -
     10.0       0.00  orphan          -                        -  -
     11.0       0.00  its own parent  -                        -  -
`, &out)
}

func TestWriteTimeline(t *testing.T) {
	t.Parallel()
	event := func(ms float64, kind lambdaemulator.Kind, name, detail string, duration time.Duration) lambdaemulator.TimelineEvent {
		return lambdaemulator.TimelineEvent{Time: after(ms), Kind: kind, Name: name, Detail: detail, Duration: duration, RequestID: "r"}
	}
	events := []lambdaemulator.TimelineEvent{
		event(0, lambdaemulator.KindInitStart, "", "", 0),
		event(1, lambdaemulator.KindProcessStart, "otelcol-lambda", "", 0),
		event(3, lambdaemulator.KindExtensionRegistered, "otelcol-lambda", "", 0),
		event(60, lambdaemulator.KindRuntimeReady, "", "", 0),
		event(80, lambdaemulator.KindExtensionReady, "otelcol-lambda", "", 0),
		event(80, lambdaemulator.KindInitDone, "", "", 80*time.Millisecond),
		event(81, lambdaemulator.KindInvokeStart, "", "", 0),
		event(90, lambdaemulator.KindResponse, "", "", 0),
		event(91, lambdaemulator.KindRuntimeDone, "", "success", 10*time.Millisecond),
		event(95, lambdaemulator.KindInvokeEnd, "", "success", 14500*time.Microsecond),
		event(96, lambdaemulator.KindFreeze, "", "", 0),
		event(2096, lambdaemulator.KindThaw, "", "", 2*time.Second),
		event(2097, lambdaemulator.KindProcessExit, "bootstrap", "exit status 3", 0),
		event(2098, lambdaemulator.KindShutdownStart, "", "spindown", 0),
		event(2099, lambdaemulator.KindSigkill, "bootstrap", "", 0),
		event(2100, lambdaemulator.KindProcessExit, "bootstrap", "signal: killed", 0),
		event(2140, lambdaemulator.KindShutdownEnd, "", "spindown", 42*time.Millisecond),
		event(3000, lambdaemulator.KindInitStart, "", "", 0),
		event(3001, lambdaemulator.KindInitDone, "", "Extension.Crash", time.Millisecond),
	}
	requests := []otlpbackend.Request{{
		Time: after(93), Protocol: otlpbackend.GRPC, Signal: otlpbackend.Traces, Compression: "gzip",
		WireBytes: 120, Items: 3, Outcome: otlpbackend.Accepted,
	}}
	var out bytes.Buffer
	writeTimeline(&out, timeline(events, requests), at)
	requireText(t, `
TIMELINE
  AT (ms)  WHAT
      0.0  init          80.0 ms, otelcol-lambda registered at 3.0 ms, runtime ready at 60.0 ms, otelcol-lambda ready at 80.0 ms
     81.0  invocation 1  10.0 ms, overrun 4.5 ms: success
     93.0  export        3 spans, 120 bytes gzip over grpc: accepted
     96.0  freeze        2000.0 ms
   2097.0  exit          bootstrap: exit status 3
   2098.0  shutdown      spindown, 42.0 ms
   2099.0  kill          bootstrap
   3000.0  init          1.0 ms, failed: Extension.Crash
`, &out)
}

func TestTableLimits(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	limited := newTable("T", text("NAME"), numbers("N"))
	limited.row(strings.Repeat("ü", maxCell+1), "1")
	limited.row("second", "10")
	limited.row("third", "100")
	limited.write(&out, 2)
	requireText(t, "\nT\n  NAME"+strings.Repeat(" ", maxCell-4)+"   N\n"+
		"  "+strings.Repeat("ü", maxCell-1)+"…   1\n"+
		"  second"+strings.Repeat(" ", maxCell-6)+"  10\n"+
		"  … and 1 more (see --rows)\n", &out)

	out.Reset()
	newTable("T", text("NAME")).write(&out, 2)
	requireText(t, "\nT\n  none\n", &out)
}
