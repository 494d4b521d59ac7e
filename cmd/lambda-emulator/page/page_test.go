// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

var origin = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is so many milliseconds after the origin.
func after(ms float64) time.Time { return origin.Add(time.Duration(ms * float64(time.Millisecond))) }

// exampleRun is a cold start, an invocation, a freeze of an hour, an invocation that fails, and the end.
func exampleRun() Run {
	event := func(ms float64, kind lambdaemulator.Kind, id string) lambdaemulator.TimelineEvent {
		return lambdaemulator.TimelineEvent{Time: after(ms), Kind: kind, RequestID: id, Name: "otelcol-lambda"}
	}
	const hour = 3_600_000
	return Run{
		Layer: "layer.zip", Function: "build/demo",
		Events: []lambdaemulator.TimelineEvent{
			event(0, lambdaemulator.KindInitStart, ""),
			event(3, lambdaemulator.KindExtensionRegistered, ""),
			event(20, lambdaemulator.KindExtensionReady, ""),
			event(40, lambdaemulator.KindRuntimeReady, ""),
			event(40, lambdaemulator.KindInitDone, ""),
			event(50, lambdaemulator.KindInvokeStart, "r1"),
			event(90, lambdaemulator.KindResponse, "r1"),
			event(120, lambdaemulator.KindTelemetryPost, "r1"),
			event(150, lambdaemulator.KindFreeze, ""),
			event(hour, lambdaemulator.KindThaw, ""),
			event(hour, lambdaemulator.KindInvokeStart, "r2"),
			event(hour+70, lambdaemulator.KindProcessExit, ""),
			event(hour+100, lambdaemulator.KindShutdownStart, ""),
			event(hour+120, lambdaemulator.KindSigkill, ""),
			event(hour+120, lambdaemulator.KindShutdownEnd, ""),
		},
		Invocations: []lambdaemulator.Invocation{
			{
				RequestID: "r1", Status: lambdaemulator.StatusSuccess, ColdStart: true, InitDuration: 40 * time.Millisecond,
				Start: after(50), RuntimeDone: after(100), End: after(150), MaxMemory: 45_000_000,
			},
			{
				RequestID: "r2", Status: lambdaemulator.StatusError, ErrorType: "Runtime.ExitError",
				Start: after(hour), RuntimeDone: after(hour + 70), End: after(hour + 90),
			},
		},
		Lines:  []lambdaemulator.LogLine{{Time: after(60), Process: "bootstrap", Text: "<script>alert(1)</script>"}},
		Totals: []Total{{Name: "log lines of the function", Sent: 2, Arrived: 2}},
		Faults: []Fault{{Time: after(hour), State: "hang"}, {Time: after(hour + 50)}},
		Requests: []otlpbackend.Request{
			{Number: 1, Time: after(130), Signal: otlpbackend.Logs, Items: 2, WireBytes: 400, Compression: "gzip", Outcome: otlpbackend.Accepted},
			{Number: 2, Time: after(hour + 10), Signal: otlpbackend.Traces, Items: 1, Outcome: otlpbackend.Abandoned},
		},
		Logs: []otlpbackend.LogRecord{
			{
				Arrival: otlpbackend.Arrival{ArrivedAt: after(130)}, Time: after(60), Body: "<script>alert(1)</script>",
				SeverityNumber: plog.SeverityNumberError, TraceID: "t1", Attributes: map[string]any{invocationID: "r1"},
			},
		},
		Spans: []otlpbackend.Span{
			{
				Arrival: otlpbackend.Arrival{ArrivedAt: after(130)}, TraceID: "t1", SpanID: "b", ParentSpanID: "a", Name: "charge",
				Start: after(60), End: after(80), StatusCode: ptrace.StatusCodeError, StatusMessage: "declined",
			},
			{
				Arrival: otlpbackend.Arrival{ArrivedAt: after(130)}, TraceID: "t1", SpanID: "a", Name: "order",
				Start: after(50), End: after(90), Attributes: map[string]any{invocationID: "r1"},
			},
		},
		Points: []otlpbackend.DataPoint{
			{Name: "faas.invocations", Unit: "{invocation}", Type: pmetric.MetricTypeSum, Temporality: pmetric.AggregationTemporalityDelta, Value: 1},
			{Name: "faas.invocations", Unit: "{invocation}", Type: pmetric.MetricTypeSum, Temporality: pmetric.AggregationTemporalityDelta, Value: 2},
		},
	}
}

func render(t *testing.T, run Run) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Write(&out, run))
	return out.String()
}

func TestPage(t *testing.T) {
	t.Parallel()
	html := render(t, exampleRun())
	for _, text := range []string{
		"Everything that was sent has arrived, once", "layer <code>layer.zip</code>",
		"50.0 ms", "45.0 MB", "median of logs and spans; p99 70.0 ms",
		"error Runtime.ExitError", "success, cold start",
		">order</b> 40.0 ms, 2 spans, 1 log record", "left:25%;width:50%", "error declined",
		"faas.invocations", "sum, delta", `<td class="n">2</td><td class="n">3</td><td class="n">2</td>`,
		"request 2: 1 item,", ">hang</text>", "frozen for 3599.8 s", "&lt;script&gt;",
	} {
		assert.Contains(t, html, text)
	}
	assert.NotContains(t, html, "<script")
	assert.NotContains(t, html, "http:", "the page must need nothing from elsewhere")
	assert.NotContains(t, html, "https:")
	assert.NotContains(t, html, "ZgotmplZ")
}

// A page that is well-formed XML, but for the document type, has no tag open.
func TestPageIsWellFormed(t *testing.T) {
	t.Parallel()
	decoder := xml.NewDecoder(strings.NewReader(render(t, exampleRun())))
	decoder.Strict, decoder.AutoClose = false, []string{"meta"}
	decoder.Entity = xml.HTMLEntity
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			require.ErrorContains(t, err, "EOF")
			require.Zero(t, depth)
			return
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

func TestPageOfLoss(t *testing.T) {
	t.Parallel()
	html := render(t, Run{Totals: []Total{{Name: "spans", Sent: 1, Lost: 1}}})
	assert.Contains(t, html, "Something was lost or duplicated")
	assert.Contains(t, html, "no layer")
}

func TestPageOfExternalBackend(t *testing.T) {
	t.Parallel()
	html := render(t, Run{External: true, Totals: []Total{{Name: "spans", Sent: 7}}})
	assert.Contains(t, html, "your own backend")
	assert.Contains(t, html, `<td class="n">7</td><td class="n">?</td>`)
}

func TestAxis(t *testing.T) {
	t.Parallel()
	run := exampleRun()
	a := newAxis(run)
	require.Len(t, a.gaps, 1, "the freeze")
	assert.InDelta(t, gapWidth, a.x(a.gaps[0].to)-a.x(a.gaps[0].from), 0.2)
	assert.LessOrEqual(t, a.width(), maxWidth+gapWidth)
	assert.GreaterOrEqual(t, a.width(), minWidth)
	before := -1.0
	for _, e := range run.Events {
		assert.GreaterOrEqual(t, a.x(e.Time), before, "later is never further left: %s", e.Kind)
		before = a.x(e.Time)
	}
	ticks := a.ticks()
	assert.Greater(t, len(ticks), 3)
	for i, tick := range ticks[1:] {
		assert.Greater(t, tick.X, ticks[i].X)
	}
}

func TestRoundUp(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]float64{0.3: 0.5, 1: 1, 1.5: 2, 3: 5, 7: 10, 120: 200} {
		assert.InDelta(t, want, roundUp(value), 1e-9, value)
	}
}
