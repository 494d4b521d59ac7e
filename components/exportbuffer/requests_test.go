// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestFlushMergesToFewRequests(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, _ := testEnvironment(32 * mebibyte)
	factory := wrap(f.factory(), env)
	created, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(fakeType), factory.CreateDefaultConfig())
	require.NoError(t, err)
	e := created.(logsExporter) // not started: no flush in the background

	for i := range 10_000 {
		accept(t, e, padded(i, 1, 1000)...)
	}
	require.NoError(t, e.Flush(context.Background()))

	assertSame(t, padded(0, 10_000, 1000), f.all())
	assert.Len(t, f.requests, 3)
	for _, r := range f.requests {
		assert.LessOrEqual(t, logsSignal().size(r), maxRequest)
	}
	assert.Zero(t, env.budget.used)
}

func TestFlushSplitsWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, _ := testEnvironment(64 * mebibyte)
	e := started(t, f, env)
	accept(t, e, padded(0, 1000, 20_000)...) // 20 MB in one resource and scope
	accept(t, e, padded(1000, 1, 5*mebibyte)...)

	require.NoError(t, e.Flush(context.Background()))

	assertSame(t, append(padded(0, 1000, 20_000), padded(1000, 1, 5*mebibyte)...), f.all())
	for _, r := range f.requests {
		if r.LogRecordCount() > 1 {
			assert.LessOrEqual(t, logsSignal().size(r), maxRequest)
		}
		name, ok := r.ResourceLogs().At(0).Resource().Attributes().Get("service.name")
		require.True(t, ok)
		assert.Equal(t, "function", name.Str())
	}
	assert.Zero(t, env.budget.used)
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err     error
		flushes bool // the flush returns nil
		stats   counters
	}{
		"delivered": {flushes: true, stats: counters{Delivered: 2}},
		"permanent": {
			err: consumererror.NewPermanent(status.Error(codes.InvalidArgument, "no")), flushes: true,
			stats: counters{Dropped: map[dropReason]int64{reasonRejected: 2}},
		},
		"retryable":   {err: errUnavailable, stats: counters{Retried: 2, QueuedRecords: 2}},
		"unavailable": {err: status.Error(codes.Unavailable, "no"), stats: counters{Retried: 2, QueuedRecords: 2}},
		"throttled": {
			err:   exporterhelper.NewThrottleRetry(errors.New("slow down"), time.Hour),
			stats: counters{Retried: 2, QueuedRecords: 2},
		},
		"small and still too large": {
			err: consumererror.NewPermanent(status.Error(codes.Unknown, "responded with HTTP Status Code 413")), flushes: true,
			stats: counters{Dropped: map[dropReason]int64{reasonTooLarge: 2}},
		},
		"part of it": {
			err:   consumererror.NewLogs(errUnavailable, logs("b")),
			stats: counters{Delivered: 1, Retried: 1, QueuedRecords: 1},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: func(context.Context, plog.Logs) error { return test.err }}
			env, _ := testEnvironment(mebibyte)
			e := started(t, f, env)
			accept(t, e, "a", "b")
			err := e.Flush(context.Background())
			assert.Equal(t, test.flushes, err == nil, "%v", err)

			stats := e.counters()
			assert.Equal(t, int64(2), stats.Accepted)
			assert.Equal(t, test.stats.Delivered, stats.Delivered)
			assert.Equal(t, test.stats.Retried, stats.Retried)
			assert.Equal(t, test.stats.QueuedRecords, stats.QueuedRecords)
			if test.stats.Dropped == nil {
				test.stats.Dropped = map[dropReason]int64{}
			}
			assert.Equal(t, test.stats.Dropped, stats.Dropped)
			assert.Equal(t, stats.QueuedBytes, int64(env.budget.used))
		})
	}
}

func TestTooLargeIsSentSmallerAndLearned(t *testing.T) {
	t.Parallel()
	const accepts = 300 << 10
	var refused atomic.Int64
	f := &fake{answer: func(_ context.Context, ld plog.Logs) error {
		if logsSignal().size(ld) > accepts {
			refused.Add(1)
			return consumererror.NewPermanent(status.Error(codes.ResourceExhausted, "grpc: received message larger than max (3 vs. 2)"))
		}
		return nil
	}}
	env, _ := testEnvironment(32 * mebibyte)
	e := started(t, f, env)
	accept(t, e, padded(0, 3000, 1000)...)
	require.NoError(t, e.Flush(context.Background()))
	assertSame(t, padded(0, 3000, 1000), f.all())
	learned := refused.Load()
	assert.LessOrEqual(t, learned, int64(10))

	accept(t, e, padded(0, 3000, 1000)...)
	require.NoError(t, e.Flush(context.Background()))
	assert.Equal(t, learned, refused.Load(), "the size is remembered")
	assert.Zero(t, env.budget.used)
}

// TestSlowWayOut: a backlog that takes longer than a flush has leaves in parts, whatever the way: a request that is cut
// short is followed by smaller ones, and none begins that would be cut short.
func TestSlowWayOut(t *testing.T) {
	t.Parallel()
	const bytesPerMs, budget = 10 << 10, 40 * time.Millisecond // 400 KiB in a flush
	var cut atomic.Int64
	var line sync.Mutex
	f := &fake{answer: func(ctx context.Context, ld plog.Logs) error {
		line.Lock()
		defer line.Unlock()
		select {
		case <-time.After(time.Duration(logsSignal().size(ld)/bytesPerMs) * time.Millisecond):
			return nil
		case <-ctx.Done():
			cut.Add(1)
			return ctx.Err()
		}
	}}
	env, c := testEnvironment(32 * mebibyte)
	e := started(t, f, env)
	sent := padded(0, 3000, 1000)
	for i := range 30 {
		accept(t, e, sent[100*i:100*i+100]...)
	}
	flushes := 0
	for ; len(f.all()) < len(sent); flushes++ {
		require.Less(t, flushes, 60, "%d have arrived", len(f.all()))
		ctx, cancel := context.WithTimeout(context.Background(), budget)
		_ = e.Flush(ctx)
		cancel()
		c.advance(time.Minute)
	}
	t.Log(flushes, "flushes,", cut.Load(), "requests cut short")
	assertSame(t, sent, f.all())
}

func TestRetryKeepsOrderAndPristineData(t *testing.T) {
	t.Parallel()
	fail := true
	f := &fake{mutates: true, answer: func(context.Context, plog.Logs) error {
		if fail {
			return status.Error(codes.ResourceExhausted, "busy")
		}
		return nil
	}}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "1", "2")
	accept(t, e, "3")
	require.Error(t, e.Flush(context.Background()))
	accept(t, e, "4")
	fail = false
	require.NoError(t, e.Flush(context.Background()))
	assert.Equal(t, []string{"1", "2", "3", "4"}, f.all())
	assert.Equal(t, int64(3), e.counters().Retried)
}
