// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestWrapKeepsTheFactory(t *testing.T) {
	t.Parallel()
	buffers := New(mebibyte, nil, nil)
	for _, f := range []exporter.Factory{
		otlpexporter.NewFactory(), otlphttpexporter.NewFactory(), debugexporter.NewFactory(), nopexporter.NewFactory(),
	} {
		wrapped := buffers.Wrap(f)
		assert.Equal(t, f.Type(), wrapped.Type())
		assert.Equal(t, f.(aliased).DeprecatedAlias(), wrapped.(aliased).DeprecatedAlias())
	}
	// An exporter under its older name.
	http := buffers.Wrap(otlphttpexporter.NewFactory())
	cfg := http.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = "http://localhost:4318"
	set := exportertest.NewNopSettings(http.(aliased).DeprecatedAlias())
	e, err := http.CreateTraces(context.Background(), set, cfg)
	require.NoError(t, err)
	assert.True(t, e.Capabilities().MutatesData)
	require.NoError(t, e.Shutdown(context.Background()))

	_, err = buffers.Wrap(exporter.NewFactory(fakeType, func() component.Config { return nil })).
		CreateTraces(context.Background(), exportertest.NewNopSettings(fakeType), nil)
	require.Error(t, err)
}

func TestAllSignals(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	paths := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths[r.URL.Path]++
	}))
	t.Cleanup(server.Close)
	env, _ := testEnvironment(mebibyte)
	factory := wrap(otlphttpexporter.NewFactory(), env)
	cfg := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = server.URL
	set := exportertest.NewNopSettings(factory.Type())
	ctx := context.Background()

	traces, err := factory.CreateTraces(ctx, set, cfg)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(ctx, set, cfg)
	require.NoError(t, err)
	l := &lifecycle{}
	require.NoError(t, traces.Start(ctx, newHost(l)))
	require.NoError(t, metrics.Start(ctx, newHost(l)))

	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("span")
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptySum().DataPoints().AppendEmpty()
	require.NoError(t, traces.ConsumeTraces(ctx, td))
	require.NoError(t, metrics.ConsumeMetrics(ctx, md))
	require.NoError(t, metrics.ConsumeMetrics(ctx, pmetric.NewMetrics()))
	require.NoError(t, traces.Shutdown(ctx))
	require.NoError(t, metrics.Shutdown(ctx))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]int{"/v1/traces": 1, "/v1/metrics": 1}, paths)
}

func TestInnerLogIsQuiet(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.InfoLevel)
	set := nopSettings()
	set.Logger = zap.New(core)
	b := &backend{rejects: 1, fault: func(n int, _ context.Context, _ plog.Logs) (int, error) {
		if n == 1 {
			return 503, nil
		}
		return 0, nil
	}}
	env, _ := testEnvironment(mebibyte)
	e, _ := httpExporter(t, b, env, set)
	accept(t, e, "a", "b")
	require.Error(t, e.Flush(within(time.Minute)))
	assert.Zero(t, lines.Len(), "a failure that the next flush makes good: %v", lines.All())
	require.NoError(t, e.Flush(within(time.Minute)))
	require.Equal(t, 1, lines.Len(), "%v", lines.All())
	assert.Contains(t, lines.All()[0].Message, "1 dropped (partial_success)")
}
