// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const mebibyte = 1 << 20

var errUnavailable = errors.New("connection refused")

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

func TestFullBufferDropsTheOldestOfAllExporters(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(10_000)
	f, g := &fake{}, &fake{}
	first, second := started(t, f, env), started(t, g, env)
	accept(t, first, padded(0, 1, 4000)...)
	accept(t, second, padded(1, 1, 4000)...)
	accept(t, second, padded(2, 1, 4000)...)
	assert.Equal(t, map[dropReason]int64{reasonBufferFull: 1}, first.counters().Dropped)
	accept(t, first, padded(3, 1, 4000)...)
	assert.Equal(t, map[dropReason]int64{reasonBufferFull: 1}, second.counters().Dropped)

	err := first.ConsumeLogs(context.Background(), logs(padded(4, 1, 11_000)...))
	assert.True(t, consumererror.IsPermanent(err), "%v", err)
	assert.Equal(t, int64(1), first.counters().Refused)

	require.NoError(t, first.Flush(context.Background()))
	require.NoError(t, second.Flush(context.Background()))
	assert.Equal(t, padded(3, 1, 4000), f.all())
	assert.Equal(t, padded(2, 1, 4000), g.all())
}

func TestFullBufferDropsLargeItemsInParts(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(2 * mebibyte)
	f := &fake{}
	e := started(t, f, env)
	accept(t, e, padded(0, 1900, 1000)...)
	accept(t, e, padded(1900, 400, 1000)...)
	dropped := e.counters().Dropped[reasonBufferFull]
	assert.Positive(t, dropped)
	assert.Less(t, dropped, int64(600))
	require.NoError(t, e.Flush(context.Background()))
	assertSame(t, padded(int(dropped), 2300-int(dropped), 1000), f.all())
}

func TestFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(ctx context.Context, _ plog.Logs) error { <-ctx.Done(); return ctx.Err() }}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "a")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, e.Flush(ctx), context.DeadlineExceeded)
	_, _, inFlight := f.state()
	assert.Zero(t, inFlight)
	assert.Equal(t, int64(1), e.counters().QueuedRecords)
	f.answer = nil
}

func TestFlushJoinsTheOneInProgress(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"it ends": true, "it hangs": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sending, release := make(chan struct{}, 1), make(chan struct{})
			f := &fake{answer: func(ctx context.Context, _ plog.Logs) error {
				sending <- struct{}{}
				select {
				case <-release:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}
			env, _ := testEnvironment(mebibyte)
			e := started(t, f, env)
			accept(t, e, "a")
			first := make(chan error, 1)
			go func() { first <- e.Flush(context.Background()) }()
			<-sending
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			if ends {
				time.AfterFunc(5*time.Millisecond, func() { close(release) })
				require.NoError(t, e.Flush(ctx))
				require.NoError(t, <-first)
				assert.Equal(t, []string{"a"}, f.all())
				return
			}
			require.Error(t, e.Flush(ctx))
			_, _, inFlight := f.state()
			assert.Zero(t, inFlight, "the other flush was ended")
			require.Error(t, <-first)
			close(release)
		})
	}
}

func TestExporterThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := &fake{answer: func(context.Context, plog.Logs) error { <-release; return nil }}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "a")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	begin := time.Now()
	require.ErrorIs(t, e.Flush(ctx), errStuck)
	assert.Less(t, time.Since(begin), leaveAfter+2*time.Second)
	accept(t, e, "b")
	require.ErrorIs(t, e.Flush(context.Background()), errStuck, "soon, although this context does not end")

	close(release)
	require.Eventually(t, func() bool { return e.Flush(context.Background()) == nil }, 5*time.Second, time.Millisecond)
	assert.Equal(t, []string{"a", "b"}, f.all(), "nothing twice")
}

func TestContinuousTrafficDoesNotKeepAFlushAlive(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(mebibyte)
	var e logsExporter
	f := &fake{}
	f.answer = func(context.Context, plog.Logs) error {
		return e.ConsumeLogs(context.Background(), logs("more"))
	}
	e = started(t, f, env)
	accept(t, e, "first")
	require.NoError(t, e.Flush(context.Background()))
	assert.Equal(t, []string{"first"}, f.all())
	assert.Equal(t, int64(1), e.counters().QueuedRecords)
	f.answer = nil
}

// Under a lifecycle nothing is sent unless it says so: the environment may be about to be frozen.
func TestAWorthwhileRequestAsksTheLifecycleForAFlush(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(32 * mebibyte)
	f := &fake{}
	l := &lifecycle{}
	e := startedIn(t, f, env, newHost(l))
	accept(t, e, padded(0, 200, 1000)...)
	assert.Zero(t, l.requests.Load())
	accept(t, e, padded(200, 100, 1000)...)
	assert.Equal(t, int64(1), l.requests.Load())
	assert.Zero(t, l.full.Load())
	accept(t, e, padded(300, 4000, 1000)...)
	assert.Equal(t, int64(1), l.full.Load())
	assert.Empty(t, f.all())
	require.NoError(t, e.Flush(context.Background()))
	accept(t, e, "after a flush it counts from nothing")
	assert.Equal(t, int64(2), l.requests.Load())
}

func TestWithoutLifecycleTheBufferFlushesInTheBackground(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(32 * mebibyte)
	f := &fake{}
	e := startedIn(t, f, env, componenttest.NewNopHost())
	accept(t, e, "a")
	require.Eventually(t, func() bool { return len(f.all()) == 1 }, 10*time.Second, time.Millisecond)
	accept(t, e, padded(0, 5000, 1000)...)
	require.Eventually(t, func() bool { return len(f.all()) == 5001 }, 10*time.Second, time.Millisecond)
}

func TestOldConnectionsAreRenewed(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, c := testEnvironment(mebibyte)
	e := started(t, f, env)
	flush := func(body string) {
		accept(t, e, body)
		require.NoError(t, e.Flush(context.Background()))
	}
	flush("a")
	c.advance(staleAfter - time.Second)
	flush("b")
	created, _, _ := f.state()
	assert.Equal(t, 1, created)
	c.advance(staleAfter)
	flush("c")
	created, shutdown, _ := f.state()
	assert.Equal(t, 2, created)
	assert.Equal(t, 1, shutdown)

	// A connection that died in a short freeze: once more on a new one, in the same flush.
	var dead atomic.Bool
	dead.Store(true)
	f.answer = func(context.Context, plog.Logs) error {
		if created, _, _ := f.state(); created == 2 && dead.Load() {
			return errors.New("connection reset by peer")
		}
		return nil
	}
	flush("d")
	created, shutdown, _ = f.state()
	assert.Equal(t, 3, created)
	assert.Equal(t, 2, shutdown)
	assert.Equal(t, []string{"a", "b", "c", "d"}, f.all())
}

// TestConnectionsThatWereNeverUsedGetOld: gRPC connects when the exporter is started.
func TestConnectionsThatWereNeverUsedGetOld(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, c := testEnvironment(mebibyte)
	e := started(t, f, env)
	c.advance(staleAfter)
	accept(t, e, "a")
	require.NoError(t, e.Flush(context.Background()))
	created, _, _ := f.state()
	assert.Equal(t, 2, created)
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

// TestTimeOverBeforeTheSecondTry: a connection that fails at the very end of a flush is replaced, and there is no time
// for another try; the failure counts all the same.
func TestTimeOverBeforeTheSecondTry(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	f := &fake{answer: func(context.Context, plog.Logs) error {
		if failing.Load() {
			time.Sleep(evidenceTime)
			return errUnavailable
		}
		return nil
	}}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "a")
	require.NoError(t, e.Flush(context.Background()))
	failing.Store(true)
	accept(t, e, "b")
	for range TripAfter {
		ctx, cancel := context.WithCancel(context.Background())
		f.onCreate = cancel
		require.Error(t, e.Flush(ctx))
		cancel()
	}
	f.onCreate = nil
	require.ErrorIs(t, e.Flush(context.Background()), errOpen)
	failing.Store(false)
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

// A random schedule of accepting, flushing and failing: every record accepted arrives exactly once or is counted as
// dropped, in order where requests follow each other, and the budget holds.
func TestRandomSchedules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		schedule(t, seed)
	}
}

func schedule(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	limit := int64(2_000 + rnd.IntN(300_000))
	env, c := testEnvironment(limit)
	var healthy atomic.Bool
	var calls atomic.Uint64
	var split atomic.Bool // requests have overtaken each other
	f := &fake{mutates: seed%2 == 0}
	f.answer = func(ctx context.Context, ld plog.Logs) error {
		env.budget.mu.Lock()
		assert.LessOrEqual(t, int64(env.budget.used), limit)
		env.budget.mu.Unlock()
		if healthy.Load() {
			return nil
		}
		switch rand.New(rand.NewPCG(seed, calls.Add(1))).IntN(8) {
		case 0:
			return errUnavailable
		case 1:
			return consumererror.NewPermanent(errors.New("bad"))
		case 2:
			split.Store(true)
			return consumererror.NewPermanent(errors.New("HTTP Status Code 413"))
		case 3:
			split.Store(true)
			<-ctx.Done()
			return ctx.Err()
		case 4:
			return status.Error(codes.ResourceExhausted, "busy")
		}
		return nil
	}
	e := started(t, f, env)
	sent := 0
	for range 30 {
		switch rnd.IntN(3) {
		case 0, 1:
			n := 1 + rnd.IntN(20)
			if e.ConsumeLogs(context.Background(), logs(padded(sent, n, 10+rnd.IntN(2000))...)) == nil {
				sent += n
			}
		case 2:
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
			_ = e.Flush(ctx)
			cancel()
			_, _, inFlight := f.state()
			assert.Zero(t, inFlight, "seed %d: in flight after a flush", seed)
		}
		if rnd.IntN(5) == 0 {
			c.advance(time.Duration(rnd.IntN(40)) * time.Second)
		}
		assert.LessOrEqual(t, int64(env.budget.used), limit)
	}
	healthy.Store(true)
	c.advance(time.Hour)
	require.NoError(t, e.Flush(context.Background()))

	stats := e.counters()
	var dropped int64
	for _, n := range stats.Dropped {
		dropped += n
	}
	seen := map[string]bool{}
	for _, body := range f.all() {
		assert.False(t, seen[body], "seed %d: %s twice", seed, body)
		seen[body] = true
	}
	if !split.Load() {
		assert.IsIncreasing(t, append([]string{""}, numbers(f.all())...), "seed %d", seed)
	}
	assert.Equal(t, int64(sent), stats.Accepted, "seed %d", seed)
	assert.Equal(t, int64(len(seen)), stats.Delivered, "seed %d", seed)
	assert.Equal(t, stats.Accepted, stats.Delivered+dropped, "seed %d: %+v", seed, stats)
	assert.Zero(t, env.budget.used, "seed %d", seed)
}

// numbers returns the numbers of padded bodies, all of one length.
func numbers(bodies []string) []string {
	all := make([]string, len(bodies))
	for i, body := range bodies {
		all[i] = body[len(body)-5:]
	}
	return all
}
