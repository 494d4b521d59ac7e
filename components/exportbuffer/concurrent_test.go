// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestConcurrentSchedules: two exporters that share a small budget, each with several senders and several callers of
// Flush, while a meter reports, the backend fails and credentials change at random, until they are shut down in the
// middle of it. Every record accepted was delivered once or is counted as dropped, the budget is given back, and the
// reports add up to the counters. Time passes only while all are waiting, so that no deadline is missed for want of a CPU.
func TestConcurrentSchedules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) { concurrentSchedule(t, seed) })
	}
}

func concurrentSchedule(t *testing.T, seed uint64) {
	const senders, flushers, rounds = 4, 2, 50
	env, c, sink := metered(200_000)
	env.credentials = &restless{now: c.now}
	random := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	var all sync.WaitGroup
	fakes := make([]*fake, 2)
	buffers := make([]logsExporter, len(fakes))
	for i := range fakes {
		var mu sync.Mutex
		answers := random(uint64(100 + i))
		fakes[i] = &fake{name: fmt.Sprint(i), mutates: i == 0, answer: func(ctx context.Context, _ plog.Logs) error {
			mu.Lock()
			answer := answers.IntN(40)
			mu.Unlock()
			switch answer {
			case 0:
				return errUnavailable
			case 1:
				return consumererror.NewPermanent(errors.New("bad"))
			case 2:
				return consumererror.NewPermanent(errors.New("HTTP Status Code 413"))
			case 3:
				<-ctx.Done()
				return ctx.Err()
			case 4, 5:
				return consumererror.NewPermanent(status.Error(codes.Unauthenticated, "no"))
			}
			return nil
		}}
		e := started(t, fakes[i], env)
		buffers[i] = e
		for s := range senders {
			rnd := random(uint64(10*i + s))
			all.Go(func() {
				for round := range rounds {
					first := 1_000_000*i + 100_000*s + 100*round
					_ = e.ConsumeLogs(context.Background(), logs(padded(first, 1+rnd.IntN(20), 10+rnd.IntN(1000))...))
				}
			})
		}
		for s := range flushers {
			rnd := random(uint64(1000 + 10*i + s))
			all.Go(func() {
				for range rounds {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(2000))*time.Microsecond)
					if rnd.IntN(2) == 0 { // in the middle of something
						all.Go(cancel)
					}
					_ = e.Flush(ctx)
					cancel()
					c.advance(time.Duration(rnd.IntN(5000)) * time.Millisecond)
				}
			})
		}
		if seed%2 == 0 {
			all.Go(func() { shutDown(t, e) })
		}
	}
	all.Go(func() {
		for range rounds {
			env.meter.Report(context.Background())
		}
	})
	all.Wait()
	for i, e := range buffers {
		shutDown(t, e)
		stats := e.counters()
		var dropped int64
		for _, n := range stats.Dropped {
			dropped += n
		}
		seen := map[string]bool{}
		for _, body := range fakes[i].all() {
			assert.False(t, seen[body], "seed %d: %s twice", seed, body)
			seen[body] = true
		}
		assert.Equal(t, stats.Delivered, int64(len(seen)), "seed %d", seed)
		assert.Equal(t, stats.Accepted, stats.Delivered+dropped, "seed %d: %+v", seed, stats)
		assert.Zero(t, stats.QueuedRecords, "seed %d", seed)
	}
	assert.Zero(t, env.budget.used, "seed %d", seed)

	env.meter.Report(context.Background())
	sums := map[string]int64{}
	for _, report := range sink.AllMetrics() {
		for _, m := range report.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Type() != pmetric.MetricTypeSum {
				continue
			}
			for _, p := range m.Sum().DataPoints().All() {
				sums[m.Name()] += p.IntValue()
			}
		}
	}
	var accepted, delivered int64
	for _, e := range buffers {
		accepted, delivered = accepted+e.counters().Accepted, delivered+e.counters().Delivered
	}
	assert.Equal(t, accepted, sums["otelcol_lambda_exporter_accepted_log_records"])
	assert.Equal(t, delivered, sums["otelcol_exporter_sent_log_records"])
}

// restless are credentials that change now and then.
type restless struct {
	now func() time.Time

	mu    sync.Mutex
	calls int
	fresh *Renewal
	at    time.Time
}

func (*restless) Renewable() bool { return true }

func (r *restless) Renew(_ context.Context, _ exporter.Settings, _ component.Host, version int) (*Renewal, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.calls%5 == 0 {
		r.fresh = &Renewal{Version: r.calls, Config: &clientConfig{}}
	}
	if r.calls%3 == 0 {
		r.at = r.now()
	}
	if r.fresh == nil || r.fresh.Version == version {
		return nil, r.at
	}
	return r.fresh, r.at
}

func shutDown(t *testing.T, e logsExporter) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.NoError(t, e.Shutdown(ctx))
}
