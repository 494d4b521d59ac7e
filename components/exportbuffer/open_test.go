// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestOpenSparesTheFlushAHandshake: an empty request opens a connection once at first, and then whenever none is trusted
// and the one before was of use.
func TestOpenSparesTheFlushAHandshake(t *testing.T) {
	t.Parallel()
	each(t, func() *backend { return &backend{} }, func(t *testing.T, e logsExporter, b *backend, c *clock) {
		open := func() (requests int) {
			before := b.requests()
			require.NoError(t, e.Open(within(time.Minute)))
			return b.requests() - before
		}
		assert.Equal(t, 1, open())
		assert.Zero(t, open(), "it is open")
		c.advance(time.Minute)
		assert.Zero(t, open(), "it was of no use")

		accept(t, e, "a")
		require.NoError(t, e.Flush(within(time.Minute)))
		assert.Zero(t, open(), "the flush has opened one")
		c.advance(staleAfter - openAhead)
		renewed := e.inner.Load()
		assert.Equal(t, 1, open())
		assert.NotSame(t, renewed, e.inner.Load())
		renewed = e.inner.Load()
		accept(t, e, "b")
		require.NoError(t, e.Flush(within(time.Minute)))
		assert.Same(t, renewed, e.inner.Load(), "the flush uses the connection")
		assert.Equal(t, []string{"a", "b"}, b.all())
	})
}

// TestOpenHoldsNobodyUp: a flush does not wait for a backend that does not answer the empty request, which ends when it
// has to.
func TestOpenHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	waiting := make(chan struct{})
	b := &backend{fault: func(_ int, ctx context.Context, ld plog.Logs) (int, error) {
		if ld.LogRecordCount() > 0 {
			return 0, nil
		}
		close(waiting)
		<-ctx.Done()
		return 0, ctx.Err()
	}}
	env, _ := testEnvironment(mebibyte)
	e := grpcExporter(t, b, env, nopSettings())
	ctx, cancel := context.WithCancel(context.Background())
	opened := make(chan error)
	go func() { opened <- e.Open(ctx) }()
	<-waiting
	accept(t, e, "a")
	require.NoError(t, e.Flush(within(time.Minute)))
	assert.Equal(t, []string{"a"}, b.all())
	cancel()
	require.Error(t, <-opened)
}

// TestOpenAsksNobodyInVain: exporters of which it is not known that they take an empty request, backends that fail, and
// a buffer that has been shut down.
func TestOpenAsksNobodyInVain(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(mebibyte)
	f := &fake{answer: func(context.Context, plog.Logs) error { return errors.New("down") }}
	e := started(t, f, env)
	require.NoError(t, e.Open(context.Background()))
	assert.Empty(t, f.requests)

	b := &backend{fault: func(int, context.Context, plog.Logs) (int, error) { return 503, nil }}
	env, _ = testEnvironment(mebibyte)
	down, _ := httpExporter(t, b, env, nopSettings())
	accept(t, down, "a")
	for range TripAfter {
		require.Error(t, down.Flush(within(time.Minute)))
	}
	tried := b.requests()
	require.NoError(t, down.Open(within(time.Minute)))
	assert.Equal(t, tried, b.requests())

	require.NoError(t, down.Shutdown(within(time.Minute)))
	require.NoError(t, down.Open(within(time.Minute)))
}

// billing is a lifecycle that knows about overruns and opens connections.
type billing struct {
	lifecycle
	observe  func(time.Duration)
	openers  int
	instance string
}

func (b *billing) SubscribeOverrun(observe func(time.Duration)) func() {
	b.observe = observe
	return func() { b.observe = nil }
}

func (b *billing) Instance() string { return b.instance }

func (b *billing) RegisterOpener(func(context.Context) error) func() {
	b.openers++
	return func() { b.openers-- }
}

func TestMeterReportsOverruns(t *testing.T) {
	t.Parallel()
	env, c, sink := metered(mebibyte)
	extension := &billing{instance: "2026/01/02/[$LATEST]2f399eb14537447da05ab2a2e39309de"}
	in := newHost(&extension.lifecycle)
	in.extensions = map[component.ID]component.Component{component.MustNewID("lambda_lifecycle"): extension}
	e := startedIn(t, &fake{}, env, in)
	startedIn(t, &fake{name: "other"}, env, in)
	assert.Equal(t, 2, extension.openers)
	accept(t, e, "a")
	require.NoError(t, e.Flush(context.Background()))
	extension.observe(30 * time.Millisecond)
	extension.observe(70 * time.Millisecond)
	c.advance(time.Second)
	env.meter.Report(context.Background())
	assert.Equal(t, int64(2), points(t, sink)["otelcol_lambda_billed_overrun map[]"])
	resource := sink.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, extension.instance, resource["faas.instance"])
	assert.NotEmpty(t, resource["service.instance.id"])
}
