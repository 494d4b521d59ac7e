// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

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
func TestFullRequestAsksTheLifecycleForAFlush(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(32 * mebibyte)
	f := &fake{}
	l := &lifecycle{}
	e := startedIn(t, f, env, newHost(l))
	accept(t, e, padded(0, 3000, 1000)...)
	assert.Zero(t, l.requests.Load())
	accept(t, e, padded(3000, 2000, 1000)...)
	assert.Equal(t, int64(1), l.full.Load())
	assert.Empty(t, f.all())
	require.NoError(t, e.Flush(context.Background()))
	accept(t, e, "after a flush it counts from nothing")
	assert.Equal(t, int64(1), l.requests.Load())
}

func TestSpansAreSentSoonerThanLines(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(32 * mebibyte)
	none := func(dropReason, int) { t.Error("dropped") }
	spans, lines := newQueue(tracesSignal(), env.budget, none), newQueue(logsSignal(), env.budget, none)
	for _, step := range []struct {
		size         int
		spans, lines amount
	}{
		{100 << 10, little, little}, {100 << 10, some, little}, {4 << 20, full, full},
	} {
		arrived, err := spans.put(ptrace.NewTraces(), step.size, 1)
		require.NoError(t, err)
		assert.Equal(t, step.spans, arrived)
		arrived, err = lines.put(plog.NewLogs(), step.size, 1)
		require.NoError(t, err)
		assert.Equal(t, step.lines, arrived)
	}
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
