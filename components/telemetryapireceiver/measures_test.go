// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// fullLifecycle offers all that the lambda_lifecycle extension does.
type fullLifecycle struct {
	lifecycle
	observe func(ptrace.Traces)
	release func()
	ends    func(context.Context, lambdaapi.ShutdownReason, string)
}

func (l *fullLifecycle) SubscribeTraces(observe func(ptrace.Traces)) func() {
	l.observe = observe
	return func() { l.unsubscribed++ }
}

func (l *fullLifecycle) RegisterHolder(release func()) func() {
	l.release = release
	return func() { l.unsubscribed++ }
}

func (l *fullLifecycle) SubscribeShutdown(ends func(context.Context, lambdaapi.ShutdownReason, string)) func() {
	l.ends = ends
	return func() { l.unsubscribed++ }
}

// sinks are the pipelines of a receiver under test.
type sinks struct {
	*fullLifecycle
	receiver *telemetryReceiver
	logs     consumertest.LogsSink
	traces   consumertest.TracesSink
	metrics  consumertest.MetricsSink
	now      time.Time
}

func startReceiver(t *testing.T, change func(*Config)) *sinks {
	cfg := createDefaultConfig().(*Config)
	change(cfg)
	s := &sinks{fullLifecycle: &fullLifecycle{}, now: observed}
	r, err := newReceiver(receivertest.NewNopSettings(typ), cfg, noenv, func() time.Time { return s.now })
	require.NoError(t, err)
	r.forget = func() {}
	r.logs, r.traces, r.metrics = &s.logs, &s.traces, &s.metrics
	require.NoError(t, r.Start(t.Context(), host{lifecycleID: s.fullLifecycle}))
	s.receiver = r
	return s
}

// points returns the values of the metric in each export.
func (s *sinks) points(name string) []float64 {
	var values []float64
	for _, metrics := range s.metrics.AllMetrics() {
		for _, m := range metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != name {
				continue
			}
			if m.Type() == pmetric.MetricTypeHistogram {
				values = append(values, float64(m.Histogram().DataPoints().At(0).Count()))
			} else {
				values = append(values, float64(m.Sum().DataPoints().At(0).IntValue()))
			}
		}
	}
	return values
}

func report(id string) string {
	return `{"time":"2026-01-02T03:04:07.000Z","type":"platform.report","record":{"requestId":"` + id + `","status":"success","metrics":{"durationMs":1,"billedDurationMs":2,"maxMemoryUsedMB":64.0}}}`
}

// Every report counts once, however late and often it comes, and the last one goes at shutdown.
func TestMetricsInterval(t *testing.T) {
	t.Parallel()
	for temporality, want := range map[string][][]float64{
		delta:      {{1, 2, 1}, {2, 2}},
		cumulative: {{1, 3, 4}, {2, 4}},
	} {
		s := startReceiver(t, func(cfg *Config) { cfg.Metrics.Temporality = temporality })
		deliver := func(events string) { s.deliver(t.Context(), decode(t, "["+events+"]")) }
		deliver(begin("a", "") + "," + done("a", "success"))
		deliver(report("a") + "," + begin("b", "") + "," + done("b", "success"))
		deliver(report("a") + "," + begin("c", ""))
		s.now = s.now.Add(time.Minute)
		deliver(report("b") + "," + done("c", "success"))
		deliver(begin("d", "") + "," + done("d", "success") + "," + report("c") + "," + report("d"))
		require.NoError(t, s.receiver.Shutdown(t.Context()))
		require.NoError(t, s.receiver.Shutdown(t.Context()))
		assert.Equal(t, want[0], s.points("faas.invocations"), temporality)
		assert.Equal(t, want[1], s.points("aws.lambda.billed_duration"), temporality)
		_, identified := s.metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().Get("service.instance.id")
		assert.Equal(t, temporality == cumulative, identified)
		assert.Equal(t, 3, s.unsubscribed-1, "all four subscriptions are given back")
	}
}

func TestHistogramBuckets(t *testing.T) {
	t.Parallel()
	h := histogram{bounds: []float64{1, 2}}
	for _, v := range []float64{0.5, 1, 1.5, 2, 3} {
		h.record(v)
	}
	assert.Equal(t, []uint64{2, 2, 1}, h.counts)
	assert.InDelta(t, 8, h.sum, 0)
	assert.InDelta(t, 0.5, h.min, 0)
	assert.InDelta(t, 3, h.max, 0)
}

// The end of the environment becomes a record only where it cut an invocation short.
func TestEnvironmentEnds(t *testing.T) {
	t.Parallel()
	for reason, want := range map[lambdaapi.ShutdownReason]int{lambdaapi.Spindown: 0, lambdaapi.Timeout: 2, lambdaapi.Failure: 2} {
		s := startReceiver(t, func(*Config) {})
		s.deliver(t.Context(), decode(t, "["+begin(requestA, "")+","+line("held")+"]"))
		s.ends(t.Context(), reason, requestA)
		assert.Equal(t, want, s.logs.LogRecordCount(), reason)
		assert.Equal(t, want/2, s.traces.SpanCount(), reason)
		s.release()
		assert.Equal(t, max(1, want), s.logs.LogRecordCount())
		require.NoError(t, s.receiver.Shutdown(t.Context()))
		s.deliver(t.Context(), decode(t, "["+line("too late")+"]"))
		assert.Equal(t, max(1, want), s.logs.LogRecordCount())
	}
}

// Before INIT ends nobody knows which invocation the start belongs to; without any it stands alone.
func TestStartWithoutAnInvocation(t *testing.T) {
	t.Parallel()
	s := startReceiver(t, func(*Config) {})
	s.deliver(t.Context(), decode(t, `[{"time":"2026-01-02T03:04:05.000Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init"}},
		{"time":"2026-01-02T03:04:06.000Z","type":"platform.initReport","record":{"status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":1000}}}]`))
	assert.Zero(t, s.traces.SpanCount())
	require.NoError(t, s.receiver.Shutdown(t.Context()))
	require.Equal(t, 1, s.traces.SpanCount())
	span := s.traces.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
	assert.False(t, span.TraceID().IsEmpty())
	assert.True(t, span.ParentSpanID().IsEmpty())
}

func TestLogReportAndLevels(t *testing.T) {
	t.Parallel()
	s := startReceiver(t, func(cfg *Config) {
		cfg.LogReport = true
		cfg.Logs = LogsConfig{FunctionLevel: "warn", ExtensionLevel: "error"}
	})
	s.deliver(t.Context(), decode(t, `[{"type":"function","record":"[DEBUG] no"},{"type":"function","record":"[WARN] yes"},{"type":"function","record":"no level"},
		{"type":"extension","record":"WARN otelcol-lambda: ours"},{"type":"extension","record":"ERROR otelcol-lambda: ours"},{"type":"extension","record":{"level":"ERROR","logger":"otelcol-lambda","message":"ours"}},
		{"type":"extension","record":"[WARN] another's"},{"type":"extension","record":"[ERROR] another's"},`+report("a")+`]`))
	var bodies []string
	for _, logs := range s.logs.AllLogs() {
		for _, lr := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			bodies = append(bodies, lr.Body().Str())
		}
	}
	assert.Equal(t, []string{"[WARN] yes", "no level", "[ERROR] another's", "REPORT RequestId: a\tDuration: 1.00 ms\tBilled Duration: 2.00 ms\tMax Memory Used: 64 MB"}, bodies)
	require.NoError(t, s.receiver.Shutdown(t.Context()))
}
