// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

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
