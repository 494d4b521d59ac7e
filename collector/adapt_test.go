// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var failing = component.MustNewType("failing")

// brokenReceiver cannot start.
type brokenReceiver struct{ component.ShutdownFunc }

func (brokenReceiver) Start(context.Context, component.Host) error {
	return errors.New("listen tcp 127.0.0.1:4318: bind: address already in use")
}

func factories(t *testing.T, strict bool) otelcol.Factories {
	adapted, err := adapted(func() (otelcol.Factories, error) {
		return otelcol.Factories{
			Exporters:  map[component.Type]exporter.Factory{component.MustNewType("nop"): exportertest.NewNopFactory()},
			Processors: map[component.Type]processor.Factory{batchType: batchprocessor.NewFactory()},
			Receivers: map[component.Type]receiver.Factory{failing: receiver.NewFactory(failing,
				func() component.Config { return struct{}{} },
				receiver.WithLogs(func(context.Context, receiver.Settings, component.Config, consumer.Logs) (receiver.Logs, error) {
					return brokenReceiver{}, nil
				}, component.StabilityLevelStable),
				receiver.WithMetrics(func(context.Context, receiver.Settings, component.Config, consumer.Metrics) (receiver.Metrics, error) {
					return brokenReceiver{}, nil
				}, component.StabilityLevelStable),
				receiver.WithTraces(func(context.Context, receiver.Settings, component.Config, consumer.Traces) (receiver.Traces, error) {
					return nil, errors.New("refused")
				}, component.StabilityLevelStable),
			)},
		}, nil
	}, adaptation{bufferBytes: 1 << 20, strict: strict, ownMetrics: true})()
	require.NoError(t, err)
	return adapted
}

func TestBatchProcessorHandsOnAtOnce(t *testing.T) {
	f := factories(t, false).Processors[batchType]
	set := processortest.NewNopSettings(batchType)
	sink := struct {
		consumertest.TracesSink
		consumertest.MetricsSink
		consumertest.LogsSink
	}{}
	traces, err := f.CreateTraces(t.Context(), set, f.CreateDefaultConfig(), &sink.TracesSink)
	require.NoError(t, err)
	metrics, err := f.CreateMetrics(t.Context(), set, f.CreateDefaultConfig(), &sink.MetricsSink)
	require.NoError(t, err)
	logs, err := f.CreateLogs(t.Context(), set, f.CreateDefaultConfig(), &sink.LogsSink)
	require.NoError(t, err)
	for _, c := range []component.Component{traces, metrics, logs} {
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	}
	require.NoError(t, traces.ConsumeTraces(t.Context(), ptrace.NewTraces()))
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), pmetric.NewMetrics()))
	require.NoError(t, logs.ConsumeLogs(t.Context(), plog.NewLogs()))
	assert.Len(t, sink.AllTraces(), 1)
	assert.Len(t, sink.AllMetrics(), 1)
	assert.Len(t, sink.AllLogs(), 1)
	for _, c := range []component.Component{traces, metrics, logs} {
		require.NoError(t, c.Shutdown(t.Context()))
	}
}

func TestReceiverThatCannotStartIsLeftOut(t *testing.T) {
	f := factories(t, false).Receivers[failing]
	core, logged := observer.New(zap.ErrorLevel)
	set := receivertest.NewNopSettings(failing)
	set.Logger = zap.New(core)
	r, err := f.CreateLogs(t.Context(), set, f.CreateDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()), "for the next signal")
	require.Equal(t, 1, logged.Len())
	assert.Contains(t, logged.All()[0].ContextMap()["error"], "address already in use")
	require.NoError(t, r.Shutdown(t.Context()))

	_, err = f.CreateTraces(t.Context(), set, f.CreateDefaultConfig(), consumertest.NewNop())
	require.EqualError(t, err, "refused", "a configuration error stays one")
}

func TestReceiverThatCannotStartIsAnErrorWhenStrict(t *testing.T) {
	f := factories(t, true).Receivers[failing]
	r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(failing), f.CreateDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "address already in use")
}

// The processors of the opentelemetry-lambda layer take all settings, and pass on what they get.
func TestAcceptedProcessors(t *testing.T) {
	for _, name := range []string{"decouple", "coldstart"} {
		t.Run(name, func(t *testing.T) {
			processorType := component.MustNewType(name)
			f := factories(t, false).Processors[processorType]
			cfg := f.CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(map[string]any{"max_queue_size": 200}).Unmarshal(cfg))
			sink := &consumertest.TracesSink{}
			p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(processorType), cfg, sink)
			require.NoError(t, err)
			require.NoError(t, p.ConsumeTraces(t.Context(), ptrace.NewTraces()))
			assert.Len(t, sink.AllTraces(), 1)
		})
	}
}

func TestCatalogueHasComponents(t *testing.T) {
	made := 0
	c := catalogue{make: func() (otelcol.Factories, error) { made++; return factories(t, false), nil }}
	for range 2 {
		assert.True(t, c.has(component.KindExporter, "nop"))
		assert.False(t, c.has(component.KindExporter, "clickhouse"))
		assert.False(t, c.has(component.KindExporter, "no type"))
		assert.False(t, c.has(component.KindExtension, "sigv4auth"))
	}
	assert.Equal(t, 1, made)
	_, err := c.factories()
	require.NoError(t, err)
	assert.Equal(t, 2, made, "each Collector has its own")
	assert.False(t, (&catalogue{make: func() (otelcol.Factories, error) { return otelcol.Factories{}, errors.New("no") }}).has(component.KindExporter, "nop"))
}

// TestBuffersReportTheWayOfAReceiver: what the buffers did goes, when the receiver is shut down, where its metrics go.
func TestBuffersReportTheWayOfAReceiver(t *testing.T) {
	all := factories(t, false)
	nop := all.Exporters[component.MustNewType("nop")]
	e, err := nop.CreateLogs(t.Context(), exportertest.NewNopSettings(nop.Type()), nop.CreateDefaultConfig())
	require.NoError(t, err)
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))

	f := all.Receivers[failing]
	var sink consumertest.MetricsSink
	r, err := f.CreateMetrics(t.Context(), receivertest.NewNopSettings(failing), f.CreateDefaultConfig(), &sink)
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.Len(t, sink.AllMetrics(), 1)
	assert.Equal(t, "otelcol_lambda_exporter_accepted_log_records",
		sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Name())
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Len(t, sink.AllMetrics(), 1, "nothing has happened since")
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestQuietLogger(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	logger, err := buildQuietly(zap.NewProductionConfig(), zap.WrapCore(func(zapcore.Core) zapcore.Core { return core }))
	require.NoError(t, err)
	logger.With(zap.Int("x", 1)).Error("error found during service initialization")
	logger.With(zap.Int("x", 1)).Error("else")
	logger.Warn(`"otlp" alias is deprecated; use "otlp_grpc" instead`)
	assert.Equal(t, 1, logged.Len())
}

func TestFirstError(t *testing.T) {
	in, first, release := firstError()
	for _, err := range []error{errors.New("logs"), errors.New("metrics"), errors.New("traces")} {
		in <- err // does not block
	}
	require.EqualError(t, <-first, "logs")
	release()
}
