// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package spanmetrics

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func create(t *testing.T, sink *consumertest.MetricsSink) connector.Traces {
	t.Helper()
	f := NewFactory()
	c, err := f.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	return c
}

func spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "f")
	list := resource.ScopeSpans().AppendEmpty().Spans()
	for range n {
		list.AppendEmpty().SetName("work")
	}
	return td
}

// calls returns the last value of the counter.
func calls(sink *consumertest.MetricsSink) int64 {
	all := sink.AllMetrics()
	metrics := all[len(all)-1].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for _, m := range metrics.All() {
		if m.Name() == "traces.span.metrics.calls" {
			return m.Sum().DataPoints().At(0).IntValue()
		}
	}
	return 0
}

// The metrics of a batch of spans are there when the batch has been consumed.
func TestEmitsWithEachBatch(t *testing.T) {
	t.Parallel()
	var sink consumertest.MetricsSink
	c := create(t, &sink)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, c.ConsumeTraces(t.Context(), spans(2)))
	assert.EqualValues(t, 2, calls(&sink))
	assert.Len(t, sink.AllMetrics(), 2, "a series begins with 0")
	require.NoError(t, c.ConsumeTraces(t.Context(), spans(3)))
	assert.EqualValues(t, 5, calls(&sink), "cumulative, as it is by default")
	assert.Len(t, sink.AllMetrics(), 3)

	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, c.ConsumeTraces(context.Background(), spans(1))) })
	}
	wg.Wait()
	assert.EqualValues(t, 25, calls(&sink))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NoError(t, c.Shutdown(t.Context()))
}

// Nothing waits for a connector that does not run.
func TestNotRunning(t *testing.T) {
	t.Parallel()
	var sink consumertest.MetricsSink
	c := create(t, &sink)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.ConsumeTraces(ended, spans(1)))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NoError(t, c.ConsumeTraces(t.Context(), spans(1)))
	assert.Empty(t, sink.AllMetrics())
}
