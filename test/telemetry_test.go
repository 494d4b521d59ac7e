// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"maps"
	"slices"
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

// withTelemetry puts the telemetryapi receiver, configured so, into all pipelines.
func withTelemetry(t *testing.T, telemetryapi string) func(*lambdaemulator.Config) {
	return withYAML(t, `
receivers:
  telemetryapi: `+telemetryapi+`
  otlp:
    protocols:
      http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" }
exporters:
  otlp_http:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    headers: { authorization: ingestion-key }
service:
  pipelines:
    logs: { receivers: [telemetryapi, otlp], exporters: [otlp_http] }
    traces: { receivers: [telemetryapi, otlp], exporters: [otlp_http] }
    metrics: { receivers: [telemetryapi, otlp], exporters: [otlp_http] }
`)
}

// lambdaSpans are the spans that the receiver made.
func (w *world) lambdaSpans() []otlpbackend.Span {
	return slices.DeleteFunc(w.backend.Spans(), func(s otlpbackend.Span) bool { return !strings.HasSuffix(s.Scope, ofLambda) })
}

// sums adds up what arrived of each counter and histogram: the value, and the number of measurements.
func (w *world) sums() (values map[string]float64, counts map[string]uint64) {
	values, counts = map[string]float64{}, map[string]uint64{}
	for _, p := range w.backend.DataPoints() {
		if p.Type == pmetric.MetricTypeGauge {
			values[p.Name] = p.Value
			continue
		}
		assert.Equal(w.t, pmetric.AggregationTemporalityDelta, p.Temporality, p.Name)
		values[p.Name] += p.Value
		counts[p.Name] += p.Count
	}
	return values, counts
}

// TestJoin: a function with the OpenTelemetry SDK that prints and logs JSON: with no configuration but an endpoint, every log
// record has the trace and the span of its invocation, and no span is made beside the SDK's.
func TestJoin(t *testing.T) {
	w := start(t)
	wanted := map[string]string{} // request id to trace id
	var inits int
	for i := range 4 {
		w.run(step{"log": fmt.Sprint("before ", i)}, step{"spans": 1, "name": "handler"}, step{"json_log": fmt.Sprint("after ", i)})
	}
	w.end()
	assert.Len(t, w.backend.Logs(), 8)
	spanOf := map[string]string{}
	for _, s := range w.backend.Spans() {
		if s.Name == "init" {
			inits++
			continue
		}
		assert.Equal(t, "handler", s.Name)
		wanted[s.Attributes["faas.invocation_id"].(string)] = s.TraceID
		spanOf[s.TraceID] = s.SpanID
	}
	require.Len(t, wanted, 4)
	assert.Equal(t, 1, inits)
	for i := range 4 {
		for _, body := range []string{fmt.Sprint("before ", i), fmt.Sprint("after ", i)} {
			r := w.log(body)
			assert.Equal(t, wanted[r.Attributes["faas.invocation_id"].(string)], r.TraceID, body)
			assert.Equal(t, spanOf[r.TraceID], r.SpanID, body)
		}
	}
	first := w.log("before 0")
	init := w.lambdaSpans()[0]
	assert.Equal(t, first.TraceID, init.TraceID, "the cold start is part of the first invocation")
	assert.Equal(t, first.SpanID, init.ParentSpanID)
}

// TestTracesWithoutSDK: a function that knows nothing of OpenTelemetry has a trace per invocation, with its lines; X-Ray's
// if that samples.
func TestTracesWithoutSDK(t *testing.T) {
	w := start(t, withTelemetry(t, ""), func(cfg *lambdaemulator.Config) {
		cfg.TraceHeader = func(n int) string {
			if n != 2 {
				return ""
			}
			return "Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=2be948a625588e32;Sampled=1"
		}
	})
	var invocations []lambdaemulator.Invocation
	for i := range 3 {
		invocations = append(invocations, w.run(step{"log": fmt.Sprint("line ", i)}))
	}
	w.end()
	spans := map[string]otlpbackend.Span{}
	for _, s := range w.lambdaSpans() {
		id, _ := s.Attributes["faas.invocation_id"].(string)
		spans[id] = s
	}
	require.Len(t, spans, 4, "three invocations and the start")
	for i, inv := range invocations {
		s, r := spans[inv.RequestID], w.log(fmt.Sprint("line ", i))
		assert.Equal(t, "my-function", s.Name)
		assert.Equal(t, ptrace.SpanKindServer, s.Kind)
		assert.Equal(t, i == 0, s.Attributes["faas.coldstart"])
		assert.Equal(t, ptrace.StatusCodeUnset, s.StatusCode)
		assert.WithinDuration(t, inv.Start, s.Start, 5*time.Millisecond)
		assert.WithinDuration(t, inv.RuntimeDone, s.End, 5*time.Millisecond)
		assert.Equal(t, "my-function", s.Resource["service.name"])
		assert.Equal(t, s.TraceID, r.TraceID)
		assert.Equal(t, s.SpanID, r.SpanID)
	}
	sampled := spans[invocations[1].RequestID]
	assert.Equal(t, "5f35ae120c0fec141ab77a00bc047aa2", sampled.TraceID)
	assert.Equal(t, "2be948a625588e32", sampled.ParentSpanID)
	cold := spans[""]
	assert.Equal(t, "init", cold.Name)
	assert.Equal(t, spans[invocations[0].RequestID].SpanID, cold.ParentSpanID)
}

// TestFailedInit: a function that does not start fails its invocation, for the reason that Lambda tells of its start; its
// last words are there.
func TestFailedInit(t *testing.T) {
	w := start(t, withTelemetry(t, ""), env("INIT_LOG", "last words", "INIT_FAILS", "yes"), func(cfg *lambdaemulator.Config) {
		cfg.ShutdownTimeout = 10 * time.Second // for a collector that had no time to start before
	})
	failed := w.try()
	assert.Equal(t, "Runtime.ExitError", failed.FunctionError)
	assert.GreaterOrEqual(t, w.arrivedLines()["last words"], 2, "of the INIT, and of the one in the invocation")
	records := w.exceptions()
	require.Len(t, records, 1)
	assert.Equal(t, failed.RequestID, records[0].Attributes["faas.invocation_id"])
	assert.Equal(t, "Runtime.ExitError", records[0].Attributes["exception.type"])
}

// TestKilledInvocations: a timeout and a crash each leave one error record and one error span, in the trace of the lines,
// and are counted once.
func TestKilledInvocations(t *testing.T) {
	for name, tt := range map[string]struct {
		step    step
		counter string
		kind    string
	}{
		"timeout": {step{"sleep_ms": 5000}, "faas.timeouts", "timeout"},
		"crash":   {step{"exit": 3}, "faas.errors", "Runtime.ExitError"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, withTelemetry(t, ""), timeout(time.Second))
			w.run(step{"log": "all is well"}, step{"spans": 1, "name": "handler"})
			killed := w.try(step{"log": "last words"}, tt.step)
			w.run(step{"log": "in a new environment"}, step{"spans": 1, "name": "handler"})
			w.end()
			records := w.exceptions()
			require.Len(t, records, 1)
			r := records[0]
			assert.Equal(t, plog.SeverityNumberError, r.SeverityNumber)
			assert.Equal(t, killed.RequestID, r.Attributes["faas.invocation_id"])
			assert.Equal(t, tt.kind, r.Attributes["exception.type"])
			var failed []otlpbackend.Span
			for _, s := range w.lambdaSpans() {
				if s.StatusCode == ptrace.StatusCodeError {
					failed = append(failed, s)
				}
			}
			require.Len(t, failed, 1)
			assert.Equal(t, killed.RequestID, failed[0].Attributes["faas.invocation_id"])
			assert.Equal(t, tt.kind, failed[0].Attributes["error.type"])
			assert.Equal(t, failed[0].TraceID, r.TraceID)
			values, _ := w.sums()
			assert.InDelta(t, 1, values[tt.counter], 0, "%v", values)
		})
	}
}

// TestPlatformMetrics: every invocation and every report is in the metrics once, the last one too if it comes within the
// 50 ms for which the layer waits at the end (traps 15 and 40).
func TestPlatformMetrics(t *testing.T) {
	w := start(t, withTelemetry(t, ""), func(cfg *lambdaemulator.Config) { cfg.MemoryMB = 256 })
	const invocations = 5
	for range invocations {
		w.run(step{"log": "x"})
	}
	w.end()
	values, counts := w.sums()
	assert.InDelta(t, invocations, values["faas.invocations"], 0)
	assert.InDelta(t, 1, values["faas.coldstarts"], 0)
	assert.InDelta(t, 256<<20, values["aws.lambda.memory_size"], 0)
	for _, name := range []string{"faas.invoke_duration", "aws.lambda.produced_bytes"} {
		assert.EqualValues(t, invocations, counts[name], name)
	}
	reports := counts["aws.lambda.billed_duration"]
	if w.lastReportCame(50 * time.Millisecond) {
		assert.EqualValues(t, invocations, reports)
	} else { // on a machine that has other things to do
		assert.GreaterOrEqual(t, reports, uint64(invocations-1))
		assert.LessOrEqual(t, reports, uint64(invocations))
	}
	for _, name := range []string{"faas.mem_usage", "aws.lambda.extension_overhead"} {
		assert.Equal(t, reports, counts[name], name)
	}
	assert.EqualValues(t, 1, counts["faas.init_duration"])
	instances := map[any]bool{}
	for _, p := range w.backend.DataPoints() {
		if strings.HasPrefix(p.Name, "faas.") {
			instances[p.Resource["faas.instance"]] = true
		}
	}
	assert.Len(t, instances, 1, "%v", maps.Keys(instances))
}

// lastReportCame tells whether the layer has had the last platform.report, which waits in the frozen environment, in time
// after SHUTDOWN.
func (w *world) lastReportCame(patience time.Duration) bool {
	w.t.Helper()
	freezes, shutdowns := w.timeline(lambdaemulator.KindFreeze), w.timeline(lambdaemulator.KindShutdownStart)
	require.NotEmpty(w.t, freezes)
	require.NotEmpty(w.t, shutdowns)
	frozen, limit := freezes[len(freezes)-1].Time, shutdowns[len(shutdowns)-1].Time.Add(patience)
	return slices.ContainsFunc(w.timeline(lambdaemulator.KindTelemetryPost), func(e lambdaemulator.TimelineEvent) bool {
		return e.Time.Add(-e.Duration).After(frozen) && e.Time.Before(limit)
	})
}

// TestLevels: what is below the level, and the layer's own lines, are left out; the platform's events are in.
func TestLevels(t *testing.T) {
	w := start(t, withTelemetry(t, "{ types: [function, extension, platform], logs: { function_level: warn, own: false } }"))
	w.run(step{"log": "[DEBUG] not this"}, step{"log": "[ERROR] this"}, step{"log": "this, too"})
	w.end()
	w.log("[ERROR] this")
	w.log("this, too")
	events := map[string]bool{}
	for _, r := range w.backend.Logs() {
		assert.NotContains(t, r.Body, "not this")
		events[r.EventName] = true
	}
	for _, name := range []string{"platform.initStart", "platform.start", "platform.runtimeDone", "platform.report"} {
		assert.True(t, events[name], name)
	}
}

// TestVeryManyLines: 20,000 lines in one invocation, as fast as it can write them, none dropped by Lambda for our slowness,
// all in the invocation's trace (trap 23).
func TestVeryManyLines(t *testing.T) {
	w := start(t, func(cfg *lambdaemulator.Config) { cfg.MemoryMB = 1024 }, timeout(time.Minute))
	w.run(step{"log": "first"})
	w.run(step{"lines": 20_000, "prefix": "loud"})
	w.end()
	w.requireAllArrived()
	for _, r := range w.backend.Logs() {
		require.NotEqual(t, "platform.logsDropped", r.EventName)
		require.NotEmpty(t, r.TraceID, r.Body)
	}
}
