// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// points returns the values of the points in the last request, by metric and attributes; of a histogram its count.
func points(t *testing.T, sink *consumertest.MetricsSink) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	requests := sink.AllMetrics()
	require.NotEmpty(t, requests)
	scope := requests[len(requests)-1].ResourceMetrics().At(0).ScopeMetrics().At(0)
	for _, m := range scope.Metrics().All() {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			assert.Equal(t, pmetric.AggregationTemporalityDelta, m.Sum().AggregationTemporality())
			for _, p := range m.Sum().DataPoints().All() {
				all[fmt.Sprint(m.Name(), " ", p.Attributes().AsRaw())] = p.IntValue()
			}
		default:
			for _, p := range m.Histogram().DataPoints().All() {
				all[fmt.Sprint(m.Name(), " ", p.Attributes().AsRaw())] = int64(p.Count())
			}
		}
	}
	return all
}

// metered is an environment with a meter that reports to a sink.
func metered(limit int64) (environment, *clock, *consumertest.MetricsSink) {
	env, c := testEnvironment(limit)
	env.meter = newMeter(c.now)
	sink := &consumertest.MetricsSink{}
	env.meter.Through(component.MustNewID("otlp"), sink)
	return env, c, sink
}

func TestMeterReportsWhatHasHappened(t *testing.T) {
	t.Parallel()
	env, c, sink := metered(mebibyte)
	answer := errUnavailable
	f := &fake{answer: func(context.Context, plog.Logs) error { return answer }}
	e := started(t, f, env)
	ctx := context.Background()
	accept(t, e, "a", "b")
	require.Error(t, e.Flush(ctx))
	answer = consumererror.NewPermanent(errors.New("bad"))
	require.NoError(t, e.Flush(ctx))
	answer = nil
	accept(t, e, "c")
	require.NoError(t, e.Flush(ctx))
	require.Error(t, e.ConsumeLogs(ctx, logs(padded(0, 1, 2*mebibyte)...)))

	begin := c.now()
	c.advance(time.Second)
	env.meter.Report(ctx)
	assert.Equal(t, map[string]int64{
		"otelcol_lambda_exporter_accepted_log_records map[exporter:fake]":               3,
		"otelcol_lambda_exporter_retried_log_records map[exporter:fake]":                2,
		"otelcol_exporter_sent_log_records map[exporter:fake]":                          1,
		"otelcol_exporter_send_failed_log_records map[exporter:fake reason:rejected]":   2,
		"otelcol_exporter_enqueue_failed_log_records map[exporter:fake reason:refused]": 1,
		"otelcol_lambda_exporter_flush_duration map[data_type:logs exporter:fake]":      3,
	}, points(t, sink))
	resource := sink.AllMetrics()[0].ResourceMetrics().At(0)
	assert.Len(t, resource.Resource().Attributes().AsRaw()["service.instance.id"], 36)
	point := resource.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	assert.Equal(t, begin, point.StartTimestamp().AsTime().Local())
	assert.Equal(t, c.now(), point.Timestamp().AsTime().Local())

	env.meter.Report(ctx)
	assert.Len(t, sink.AllMetrics(), 1, "nothing has happened since")
	accept(t, e, "d")
	env.meter.Report(ctx)
	assert.Equal(t, map[string]int64{"otelcol_lambda_exporter_accepted_log_records map[exporter:fake]": 1}, points(t, sink))
}

func TestMeterRidesAlong(t *testing.T) {
	t.Parallel()
	env, c, sink := metered(2000)
	var answer error
	f := &fake{answer: func(context.Context, plog.Logs) error { return answer }}
	e := started(t, f, env)
	carrier := component.NewID(fakeType)
	due := func() bool {
		before := len(sink.AllMetrics())
		env.meter.reportIfDue(context.Background(), carrier)
		return len(sink.AllMetrics()) > before
	}
	send := func(body string) {
		accept(t, e, body)
		_ = e.Flush(context.Background())
	}
	send("a")
	assert.False(t, due(), "a new environment")
	c.advance(reportInterval)
	assert.True(t, due())
	assert.False(t, due())
	c.advance(reportInterval)
	assert.False(t, due(), "nothing has happened")
	send("b")
	assert.True(t, due())
	c.advance(dropInterval)
	send("c")
	assert.False(t, due(), "too early")
	accept(t, e, padded(0, 1, 1500)...)
	accept(t, e, padded(1, 1, 1500)...)
	assert.True(t, due(), "a loss")
	answer = errUnavailable
	c.advance(reportInterval)
	send("d")
	assert.False(t, due(), "its exporter fails")
	env.meter.reportIfDue(context.Background(), component.MustNewID("other"))
	assert.Len(t, sink.AllMetrics(), 4)
	answer = nil
}

// TestMeterDoesNotReportItself: the points of a report, which are data like any other, are no reason for another.
func TestMeterDoesNotReportItself(t *testing.T) {
	t.Parallel()
	env, c := testEnvironment(mebibyte)
	env.meter = newMeter(c.now)
	factory := wrap(nopexporter.NewFactory(), env)
	created, err := factory.CreateMetrics(context.Background(), exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(t, err)
	e := created.(metricsExporter)
	env.meter.Through(component.MustNewID("otlp"), e)
	env.meter.Through(component.MustNewID("statsd"), &consumertest.MetricsSink{})
	require.NoError(t, e.Start(context.Background(), newHost(&lifecycle{})))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })

	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	require.NoError(t, e.ConsumeMetrics(context.Background(), md))
	for range 5 {
		c.advance(reportInterval)
		require.NoError(t, e.Flush(context.Background()))
	}
	stats := e.counters()
	assert.Equal(t, int64(2), stats.Accepted, "one point, and one report of one point")
	assert.Equal(t, stats.Accepted, stats.Delivered, "a report leaves with the flush that it is made in")
}

func TestMeterKeepsWhatWasNotTaken(t *testing.T) {
	t.Parallel()
	env, c := testEnvironment(mebibyte)
	env.meter = newMeter(c.now)
	env.meter.Through(component.MustNewID("otlp"), consumertest.NewErr(errUnavailable))
	e := started(t, &fake{}, env)
	accept(t, e, "a")
	env.meter.Report(context.Background())
	sink := &consumertest.MetricsSink{}
	env.meter.Through(component.MustNewID("a"), sink)
	env.meter.Report(context.Background())
	assert.Len(t, points(t, sink), 1)
}

func TestWithoutMeter(t *testing.T) {
	t.Parallel()
	var m *Meter
	m.Through(component.MustNewID("otlp"), consumertest.NewNop())
	m.observe(nil)
	m.reportIfDue(context.Background(), component.NewID(fakeType))
	m.Report(context.Background())
	NewMeter().Report(context.Background())
}

func TestDurations(t *testing.T) {
	t.Parallel()
	var d durations
	for _, took := range []time.Duration{0, 5 * time.Millisecond, 6 * time.Millisecond, time.Hour} {
		d.add(took)
	}
	assert.Equal(t, [11]uint64{2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1}, d.buckets)
	assert.InDelta(t, 3600.011, d.sum, 1e-6)
	assert.Zero(t, d.since(d).count())
}
