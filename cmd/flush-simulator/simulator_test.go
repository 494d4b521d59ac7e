// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

// TestAdaptiveIsNoWorseThanRotel: in no pattern is adaptive worse in billed overrun or in age of data, and in each it is
// better in one of them, be it Rotel's rules that it is compared with, on the same ground, or Rotel as it is built.
func TestAdaptiveIsNoWorseThanRotel(t *testing.T) {
	t.Parallel()
	adaptive := policies()[0]
	require.Equal(t, "adaptive", adaptive.name)
	for _, p := range patterns(1) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ours := p.run(adaptive)
			for _, r := range []rules{rotelRules(), rotelAsBuilt()} {
				theirs := p.run(r)
				figures := compare(ours, theirs)
				assert.False(t, anyIs(figures, figure.worse), "%s: %s", r.name, verdict(figures))
				assert.True(t, anyIs(figures, figure.better), "%s: %s", r.name, verdict(figures))
				assert.LessOrEqual(t, ours.stranded, theirs.stranded, r.name)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	a := summary{mean: time.Millisecond, a50: 1001 * time.Millisecond, a99: 2 * time.Second, oldest: 3 * time.Second}
	b := summary{mean: 1 * time.Millisecond, a50: time.Second, a99: 2100 * time.Millisecond, oldest: 3 * time.Second}
	assert.Equal(t, "billed overrun +0.0%, age p50 +0.1%, age p99 -4.8%, age max +0.0%: better in age p99", verdict(compare(a, b)))
	a.mean = 1010 * time.Microsecond
	assert.Equal(t, "billed overrun +1.0%, age p50 +0.1%, age p99 -4.8%, age max +0.0%: WORSE in billed overrun", verdict(compare(a, b)))
	assert.Equal(t, "billed overrun +0.0%, age p50 +0.0%, age p99 +0.0%, age max +0.0%: the same", verdict(compare(b, b)))
}

// TestPoliciesKeepTheirPromises: what docs/flush-policies.md says of each.
func TestPoliciesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	for _, p := range patterns(2) {
		if strings.HasPrefix(p.name, "steady 1/") || strings.HasPrefix(p.name, "bursts of 5,") {
			p.loads = p.loads[:4]
			all := policies()
			end, periodic := p.run(all[1]), p.run(all[2])
			assert.Less(t, end.oldest, maxDuration, "nothing is left behind: %s", p.name)
			assert.GreaterOrEqual(t, end.o50, flushpolicy.TelemetryDelay, p.name)
			assert.Zero(t, end.stranded, p.name)
			assert.Less(t, periodic.mean, end.mean, p.name)
			// What came too late for the last flush was said an invocation earlier.
			assert.Less(t, periodic.oldest, 2*spinDown, p.name)
		}
	}
}

// fixed does the same in each invocation, and remembers what it was told.
type fixed struct {
	flushpolicy.Decision
	durations []time.Duration
}

func (f *fixed) Invoke(time.Time) flushpolicy.Decision { return f.Decision }

func (f *fixed) Done(d time.Duration) { f.durations = append(f.durations, d) }

func (f *fixed) Flushed(time.Time, time.Duration, bool) {}

func (f *fixed) Opened(time.Duration) {}

func (f *fixed) Released(time.Time, time.Time) {}

// exactly is a distribution of one value.
func exactly(d time.Duration) lognormal { return lognormal{d, 0} }

// TestEnvironment checks the rules that all policies share, with exact numbers.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const function = 500 * time.Millisecond
	arrivals := []time.Duration{0, 10 * time.Second, 20 * time.Second}
	for name, tt := range map[string]struct {
		decision flushpolicy.Decision
		overruns bool
		requests int
		left     time.Duration // age of the oldest record, at least
	}{
		"at the end": {flushpolicy.Decision{Stay: flushpolicy.ToTheEnd}, true, 3, function},
		"beside":     {flushpolicy.Decision{Beside: true}, false, 3, spinDown},
		"nothing":    {flushpolicy.Decision{}, false, 1, spinDown + 20*time.Second},
		"stay":       {flushpolicy.Decision{Stay: 100 * time.Millisecond}, false, 4, spinDown},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixed{Decision: tt.decision}
			r := rules{name, func(time.Time) policy { return f }, time.Second, flushpolicy.TelemetryDelay}
			c := run(r, load{seed: 7, arrivals: arrivals, function: exactly(function), lines: 6, spans: 4})
			assert.Len(t, c.ages, 30, "all arrives")
			assert.Equal(t, tt.requests, c.requests)
			for _, overrun := range c.overruns {
				if tt.overruns {
					assert.Greater(t, overrun, flushpolicy.TelemetryDelay)
				} else {
					assert.Zero(t, overrun)
				}
			}
			assert.GreaterOrEqual(t, c.summary().oldest, tt.left)
			for _, d := range f.durations {
				assert.Equal(t, function, d)
			}
		})
	}
}

func TestRotelsRules(t *testing.T) {
	t.Parallel()
	now := epoch
	r := newRotel(now)
	invoke := func(gap time.Duration, times int) (held, beside int) {
		for range times {
			now = now.Add(gap)
			d := r.Invoke(now)
			if d.Stay > 0 {
				held++
			}
			if d.Beside {
				beside++
			}
		}
		return held, beside
	}
	held, beside := invoke(time.Second, 120)
	assert.Equal(t, []int{19, 5}, []int{held, beside}, "warm-up, then every 21 s, the first at once")
	held, beside = invoke(2*time.Minute, 100)
	assert.Greater(t, held, 85)
	assert.Positive(t, beside)
	held, _ = invoke(6*time.Minute, 10)
	assert.Equal(t, 10, held)
}

func TestFleet(t *testing.T) {
	t.Parallel()
	adaptive, end := policies()[0], policies()[1]
	frequent := perEnvironment(adaptive, 3, time.Second)
	assert.Equal(t, frequent, perEnvironment(adaptive, 3, time.Second), "the same seed")
	assert.Less(t, frequent.requests, 0.1)
	assert.InDelta(t, 1, perEnvironment(end, 3, time.Second).requests, 0.1)
}

func TestJitterSpreadsTheRecovery(t *testing.T) {
	t.Parallel()
	with, without := recoverFleet(1, 200*time.Millisecond, true), recoverFleet(1, 200*time.Millisecond, false)
	assert.Less(t, 2*with.peak, without.peak)
	assert.Less(t, with.back, 2*exportbuffer.MaxProbeDelay)
}
