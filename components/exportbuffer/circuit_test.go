// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestBreakersOfOneCircuit: when one signal's breaker opens, that of another one probes before it sends all, and opens
// at the first failure; while one keeps failing, the other one that works is only asked to probe when it has failed anew.
func TestBreakersOfOneCircuit(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared := &circuit{}
	logs := breaker{now: c.now, jitter: func() float64 { return 0.5 }, circuit: shared}
	spans := logs
	logs.fail(c.now(), 0)
	assert.Equal(t, closed, spans.state(), "once may be an accident")
	logs.fail(c.now(), 0)
	assert.Equal(t, open, logs.state())
	assert.Equal(t, probing, spans.state())
	spans.succeed()
	assert.Equal(t, closed, spans.state(), "it has a backend of its own")
	assert.True(t, shared.works.Load())
	c.advance(MinProbeDelay)
	logs.fail(c.now(), 0)
	assert.False(t, shared.works.Load())
	assert.Equal(t, probing, spans.state())
	spans.fail(c.now(), 0)
	assert.Equal(t, open, spans.state())
	assert.Equal(t, open, logs.state())
	c.advance(MaxProbeDelay)
	logs.succeed()
	spans.succeed()
	assert.Equal(t, closed, logs.state())
	assert.Equal(t, closed, spans.state())

	began := c.now()
	c.advance(time.Second)
	logs.fail(began, 0)
	spans.fail(began, 0)
	assert.Equal(t, closed, spans.state(), "side by side is once")
	began = c.now().Add(1)
	c.advance(time.Second)
	spans.fail(began, 0)
	assert.Equal(t, open, spans.state(), "another time")
	assert.Equal(t, probing, logs.state())
	logs.succeed()
	spans.succeed()
	logs.fail(c.now(), 0)
	c.advance(time.Second)
	spans.fail(c.now(), 0)
	assert.Equal(t, open, spans.state(), "two flushes in a row, of two signals")
}

// signalsFactory makes exporters of logs and traces, which call answer.
func signalsFactory(answer func(context.Context) error) exporter.Factory {
	return exporter.NewFactory(fakeType, func() component.Config { return &struct{}{} },
		exporter.WithLogs(func(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
			return signalsExporter{answer: answer}, nil
		}, component.StabilityLevelStable),
		exporter.WithTraces(func(context.Context, exporter.Settings, component.Config) (exporter.Traces, error) {
			return signalsExporter{answer: answer}, nil
		}, component.StabilityLevelStable))
}

type signalsExporter struct {
	component.StartFunc
	component.ShutdownFunc
	answer func(context.Context) error
}

func (signalsExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s signalsExporter) ConsumeLogs(ctx context.Context, _ plog.Logs) error { return s.answer(ctx) }

func (s signalsExporter) ConsumeTraces(ctx context.Context, _ ptrace.Traces) error {
	return s.answer(ctx)
}

// TestHungBackendCostsItsBudgetOnceForAllSignals: the logs have found out; what the first flush of the traces takes is a
// probe.
func TestHungBackendCostsItsBudgetOnceForAllSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget = 2 * time.Second
		env, _ := testEnvironment(mebibyte)
		var hung atomic.Bool
		hung.Store(true)
		factory := wrap(signalsFactory(func(ctx context.Context) error {
			if hung.Load() {
				<-ctx.Done()
			}
			return ctx.Err()
		}), env)
		set := exportertest.NewNopSettings(fakeType)
		logsOut, err := factory.CreateLogs(t.Context(), set, factory.CreateDefaultConfig())
		require.NoError(t, err)
		tracesOut, err := factory.CreateTraces(t.Context(), set, factory.CreateDefaultConfig())
		require.NoError(t, err)
		require.NoError(t, logsOut.Start(t.Context(), newHost(&lifecycle{})))
		require.NoError(t, tracesOut.Start(t.Context(), newHost(&lifecycle{})))
		flush := func(e interface{ Flush(context.Context) error }) time.Duration {
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), budget)
			defer cancel()
			_ = e.Flush(ctx)
			return time.Since(begin)
		}
		require.NoError(t, logsOut.ConsumeLogs(t.Context(), logs("a")))
		assert.Equal(t, budget, flush(logsOut.(logsExporter)))
		assert.Equal(t, budget, flush(logsOut.(logsExporter)))
		assert.Zero(t, flush(logsOut.(logsExporter)))
		td := ptrace.NewTraces()
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		require.NoError(t, tracesOut.ConsumeTraces(t.Context(), td))
		assert.Equal(t, budget/4, flush(tracesOut.(tracesExporter)))
		assert.Zero(t, flush(tracesOut.(tracesExporter)))
		hung.Store(false)
		require.NoError(t, logsOut.Shutdown(t.Context()))
		require.NoError(t, tracesOut.Shutdown(t.Context()))
		assert.Equal(t, int64(1), tracesOut.(tracesExporter).counters().Delivered)
	})
}

// TestFailingExporterSparesTheOthers: once it is known to fail, it does not fail the flush of all, unless all fail.
func TestFailingExporterSparesTheOthers(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(mebibyte)
	good := &fake{name: "good"}
	bad := &fake{name: "bad", answer: func(context.Context, plog.Logs) error { return errUnavailable }}
	works, fails := started(t, good, env), started(t, bad, env)
	accept(t, works, "a")
	accept(t, fails, "a")
	require.NoError(t, works.Flush(t.Context()))
	require.Error(t, fails.Flush(t.Context()), "it may pass")
	require.NoError(t, fails.Flush(t.Context()), "it has kept failing")
	require.NoError(t, fails.Flush(t.Context()))
	good.answer = bad.answer
	accept(t, works, "b")
	require.Error(t, works.Flush(t.Context()))
	require.Error(t, fails.Flush(t.Context()), "nothing works")
	assert.Equal(t, int64(1), fails.counters().QueuedRecords)
}
