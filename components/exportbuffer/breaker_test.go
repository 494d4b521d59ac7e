// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := breaker{now: c.now, jitter: func() float64 { return 0.5 }, circuit: &circuit{}}
	assert.Equal(t, closed, b.state())
	b.fail(c.now(), 0)
	assert.Equal(t, closed, b.state(), "once may be an accident")
	b.succeed()
	b.fail(c.now(), 0)
	assert.Equal(t, closed, b.state(), "only failures in a row count")
	b.fail(c.now(), 0)
	assert.Equal(t, open, b.state())

	for _, delay := range []time.Duration{1, 2, 4, 8, 10, 10} {
		c.advance(delay*time.Second - 1)
		assert.Equal(t, open, b.state())
		c.advance(1)
		assert.Equal(t, probing, b.state())
		b.fail(c.now(), 0)
		assert.Equal(t, open, b.state())
	}
	b.succeed()
	assert.Equal(t, closed, b.state())
	b.fail(c.now(), time.Nanosecond)
	assert.Equal(t, open, b.state(), "the server has asked for patience")
	c.advance(MinProbeDelay)
	assert.Equal(t, probing, b.state(), "the delay begins anew")

	for asked, given := range map[time.Duration]time.Duration{30 * time.Second: 30 * time.Second, time.Hour: maxPatience} {
		b.fail(c.now(), asked)
		c.advance(given)
		assert.Equal(t, open, b.state(), "not earlier than asked for")
		c.advance(given / 4)
		assert.Equal(t, probing, b.state())
	}
}

func TestBreakerJitter(t *testing.T) {
	t.Parallel()
	for jitter, want := range map[float64]time.Duration{0: 750 * time.Millisecond, 0.999999: 1250 * time.Millisecond} {
		c := newClock()
		b := breaker{now: c.now, jitter: func() float64 { return jitter }, circuit: &circuit{}}
		b.fail(c.now(), time.Nanosecond)
		assert.InDelta(t, want, b.nextProbe.Sub(c.now()), float64(time.Millisecond))
	}
}

func TestOpenBreakerSendsOnlyProbes(t *testing.T) {
	t.Parallel()
	var calls, largest atomic.Int64
	var healthy atomic.Bool
	f := &fake{answer: func(_ context.Context, ld plog.Logs) error {
		if healthy.Load() {
			return nil
		}
		calls.Add(1)
		largest.Store(int64(logsSignal().size(ld)))
		return errUnavailable
	}}
	env, c := testEnvironment(16 * mebibyte)
	e := started(t, f, env)
	accept(t, e, padded(0, 3000, 1000)...)
	for range TripAfter {
		require.ErrorIs(t, e.Flush(context.Background()), errUnavailable)
	}
	tried := calls.Load()
	require.ErrorIs(t, e.Flush(context.Background()), errOpen)
	assert.Equal(t, tried, calls.Load(), "an open breaker sends nothing")

	c.advance(2 * MinProbeDelay)
	require.ErrorIs(t, e.Flush(context.Background()), errUnavailable)
	assert.Equal(t, tried+1, calls.Load())
	assert.LessOrEqual(t, largest.Load(), int64(probeSize))

	healthy.Store(true)
	require.ErrorIs(t, e.Flush(context.Background()), errOpen)
	c.advance(3 * MinProbeDelay)
	require.NoError(t, e.Flush(context.Background()))
	assertSame(t, padded(0, 3000, 1000), f.all())
}

func TestThrottlingOpensTheBreakerAtOnce(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(context.Context, plog.Logs) error {
		return exporterhelper.NewThrottleRetry(errUnavailable, time.Hour)
	}}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "a")
	require.ErrorIs(t, e.Flush(context.Background()), errUnavailable)
	require.ErrorIs(t, e.Flush(context.Background()), errOpen)
	f.answer = nil
}
