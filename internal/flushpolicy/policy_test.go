// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package flushpolicy

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Unix(1_700_000_000, 0)

func config(kind Kind) Config {
	return Config{Kind: kind, Interval: 20 * time.Second, SparseGap: time.Minute}
}

// world is a policy, the clock, a function and a backend.
type world struct {
	*Policy
	now      time.Time
	duration time.Duration // of the function
	latency  time.Duration // of the backend; 0: nothing is ever buffered
	down     bool
}

func newWorld(kind Kind) *world {
	return &world{Policy: New(config(kind)), now: start, duration: 100 * time.Millisecond, latency: 20 * time.Millisecond}
}

// invoke does what the lifecycle does for an invocation that begins gap after the one before.
func (w *world) invoke(gap time.Duration) Decision {
	w.now = w.now.Add(gap)
	d := w.Invoke(w.now)
	if d.Beside {
		w.Flushed(w.now.Add(w.latency), w.latency, !w.down)
	}
	w.Done(w.duration)
	if d.Stay > 0 && (!d.Beside || !w.down) {
		w.Flushed(w.now.Add(min(d.Stay, w.duration)+w.latency), w.latency, !w.down)
	}
	return d
}

func (w *world) invokeTimes(n int, gap time.Duration) (decisions []Decision) {
	for range n {
		decisions = append(decisions, w.invoke(gap))
	}
	return decisions
}

// held counts the decisions to hold the environment to the end.
func held(decisions []Decision) int {
	n := 0
	for _, d := range decisions {
		if d.Stay == ToTheEnd {
			n++
		}
	}
	return n
}

func beside(decisions []Decision) int {
	n := 0
	for _, d := range decisions {
		if d.Beside {
			n++
		}
	}
	return n
}

func TestEndHoldsAlways(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{End, Continuous} {
		for _, gap := range []time.Duration{time.Millisecond, time.Second, time.Hour} {
			decisions := newWorld(kind).invokeTimes(100, gap)
			assert.Equal(t, 100, held(decisions))
			assert.Zero(t, beside(decisions))
		}
	}
}

func TestPeriodicNeverHolds(t *testing.T) {
	t.Parallel()
	decisions := newWorld(Periodic).invokeTimes(101, time.Second)
	assert.Zero(t, held(decisions))
	assert.Equal(t, 5, beside(decisions), "every 20 s")
	assert.Equal(t, 99, beside(newWorld(Periodic).invokeTimes(100, time.Minute)), "each but the first")
}

func TestAdaptiveHoldsWhileInvocationsAreRareOrNew(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	assert.Equal(t, warmUp, held(w.invokeTimes(100, time.Second)))
	assert.Equal(t, warmUp, held(append([]Decision{w.invoke(silence)}, w.invokeTimes(100, time.Second)...)), "after a silence")
	assert.Greater(t, held(w.invokeTimes(100, 2*time.Minute)), 85, "the mean follows")
	assert.Less(t, held(w.invokeTimes(100, time.Second)), 25)
	assert.Equal(t, 100, held(newWorld(Adaptive).invokeTimes(100, 90*time.Second)))
	assert.Equal(t, slowWarmUp-1, held(newWorld(Adaptive).invokeTimes(100, 30*time.Second)))
}

func TestAdaptiveFlushesBesideWhereItIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	w.invokeTimes(warmUp+1, time.Second)
	decisions := w.invokeTimes(100, time.Second)
	assert.Equal(t, 100, beside(decisions))
	assert.Equal(t, settleTime, decisions[0].Settle)
	assert.Zero(t, decisions[0].Stay)
	assert.Equal(t, 10, beside(w.invokeTimes(100, 100*time.Millisecond)), "nobody sees a difference below a second")

	w.duration = 10 * time.Millisecond // now it costs
	w.invokeTimes(100, time.Second)
	assert.Equal(t, 5, beside(w.invokeTimes(100, time.Second)), "when the interval is over")
}

func TestAdaptiveStaysWithLongInvocations(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	w.duration, w.latency = 8*time.Second, 50*time.Millisecond
	w.invokeTimes(warmUp+4, 10*time.Second)
	d := w.invoke(10 * time.Second)
	assert.Greater(t, d.Stay, 6*time.Second)
	assert.Less(t, d.Stay, 8*time.Second)
}

func TestFailureIsTriedAgainBesideTheFunction(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Adaptive, End, Periodic} {
		w := newWorld(kind)
		w.invokeTimes(30, time.Second)
		w.down = true
		w.invokeTimes(30, time.Second)
		assert.Equal(t, 10, beside(w.invokeTimes(10, time.Second)), kind)
		w.down = false
		assert.True(t, w.invoke(time.Second).Beside)
		if kind != Adaptive { // which is free to do it
			assert.False(t, w.invoke(time.Second).Beside, kind)
		}
	}
}

func TestPressureHoldsTheEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	w.invokeTimes(100, time.Second)
	w.Press()
	d := w.invoke(time.Second)
	assert.True(t, d.Beside)
	assert.Equal(t, ToTheEnd, d.Stay)
	assert.Equal(t, warmUp-1, held(w.invokeTimes(100, time.Second)))
}

// TestRandomSchedules: whatever happens, data leaves with the first invocation that begins an interval after it came
// in, what freshness costs stays within the credit, and the same history makes the same decisions.
func TestRandomSchedules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		a, b := newWorld(Adaptive), newWorld(Adaptive)
		rnd := rand.New(rand.NewPCG(seed, 0))
		scale := []time.Duration{50 * time.Millisecond, time.Second, 10 * time.Second, 2 * time.Minute}[rnd.IntN(4)]
		var waiting time.Time
		var spent time.Duration
		for range 500 {
			gap := time.Duration(rnd.ExpFloat64() * float64(scale))
			a.duration = 1 + time.Duration(rnd.ExpFloat64()*float64(200*time.Millisecond))
			a.latency = time.Millisecond + time.Duration(rnd.ExpFloat64()*float64(40*time.Millisecond))
			a.down = rnd.IntN(20) == 0
			b.duration, b.latency, b.down = a.duration, a.latency, a.down
			before, failing := a.credit, a.failing
			d := a.invoke(gap)
			require.Equal(t, d, b.invoke(gap), "seed %d", seed)
			spent += max(0, before-a.credit)
			require.True(t, failing || d.Stay >= 0 && d.Settle >= 0 && d.Settle <= settleTime)

			if !waiting.IsZero() && a.now.Sub(waiting) >= a.cfg.Interval {
				require.True(t, d.Beside || d.Stay == ToTheEnd, "seed %d: data has waited for %s", seed, a.now.Sub(waiting))
			}
			switch {
			case a.down && (d.Beside || d.Stay > 0): // tried, and to be tried again
			case d.Stay == ToTheEnd:
				waiting = time.Time{}
			case d.Beside || waiting.IsZero():
				waiting = a.now
			}
		}
		lived := a.now.Sub(start)
		earned := startCredit*(1+lived/silence) + time.Duration(price*float64(lived))
		// The last flush may cost more than was left.
		require.LessOrEqual(t, spent, earned+time.Second, "seed %d", seed)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Adaptive, End, Periodic, Continuous} {
		require.NoError(t, config(kind).Validate())
	}
	require.EqualError(t, config("often").Validate(),
		`unknown flush policy "often": use "adaptive", "end", "periodic" or "continuous"`)
}

func BenchmarkInvoke(b *testing.B) {
	w := newWorld(Adaptive)
	w.duration = 8 * time.Second // the costly case
	w.invokeTimes(100, 10*time.Second)
	b.ReportAllocs()
	for b.Loop() {
		w.invoke(10 * time.Second)
	}
}
