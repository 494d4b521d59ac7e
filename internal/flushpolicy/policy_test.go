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
	opening  time.Duration // what it takes to open a connection, with a request
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
	if d.Open && w.opening > 0 && !w.down {
		w.Opened(w.opening)
	}
	w.Done(w.duration)
	if d.Stay > 0 && (!d.Beside || !w.down) {
		released := w.now.Add(min(d.Stay, w.duration+TelemetryDelay) + w.latency)
		w.Flushed(released, w.latency, !w.down)
		if d.Stay == ToTheEnd {
			w.Released(released, w.now.Add(w.duration))
		}
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
	assert.Equal(t, warmUp, held(newWorld(Adaptive).invokeTimes(100, 30*time.Second)))
}

func TestAdaptiveFlushesBesideWhereItIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	w.invokeTimes(warmUp+1, time.Second)
	decisions := w.invokeTimes(100, time.Second)
	assert.Equal(t, 100, beside(decisions))
	assert.Equal(t, settleTime, decisions[0].Settle)
	assert.Zero(t, decisions[0].Stay)
	assert.InDelta(t, 10, beside(w.invokeTimes(100, 100*time.Millisecond)), 1, "nobody sees a difference below a second")

	w.duration = 10 * time.Millisecond // now it costs
	w.invokeTimes(100, time.Second)
	assert.Equal(t, 5, beside(w.invokeTimes(100, time.Second)), "when the interval is over")
}

// TestSavingsBuyFreshness: what connections save that were opened beside the function is spent on flushing earlier, and
// on holding invocations that are almost rare enough for it; no more than that.
func TestSavingsBuyFreshness(t *testing.T) {
	t.Parallel()
	w := newWorld(Adaptive)
	w.latency, w.duration = 20*time.Millisecond, 10*time.Millisecond
	w.opening = 120 * time.Millisecond
	w.invoke(0)
	assert.Equal(t, 100*time.Millisecond, w.account.balance, "the handshake")
	w.opening = 0
	w.invokeTimes(warmUp, time.Second)
	early := beside(w.invokeTimes(100, time.Second)) - 5
	assert.Positive(t, early)
	assert.LessOrEqual(t, early, 10, "of 10 ms each, from 100")
	assert.GreaterOrEqual(t, w.account.balance, time.Duration(0))

	w = newWorld(Adaptive)
	w.opening = 120 * time.Millisecond
	w.invokeTimes(warmUp, 50*time.Second)
	saved := w.account.balance
	assert.Equal(t, warmUp*100*time.Millisecond, saved)
	w.opening = 0
	assert.InDelta(t, float64(saved/(TelemetryDelay+w.latency)), held(w.invokeTimes(1000, 50*time.Second)), 15)
	assert.Less(t, w.account.balance, 100*time.Millisecond)
	assert.GreaterOrEqual(t, w.account.balance, time.Duration(0))
}

// TestUnheardEnds: when ends are not told any more, nobody is held to a deadline, and everybody is again when they are.
func TestUnheardEnds(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Adaptive, End} {
		p := New(config(kind))
		now := start
		assert.Equal(t, ToTheEnd, p.Invoke(now).Stay)
		p.Unheard()
		d := p.Invoke(now.Add(time.Minute))
		assert.Equal(t, Decision{Beside: true, Stay: HeldFlush}, d, "nothing is known of the function")
		p.Done(100 * time.Millisecond)
		assert.Equal(t, ToTheEnd, p.Invoke(now.Add(2*time.Minute)).Stay, "it was told")
		p.Unheard()
		d = p.Invoke(now.Add(3 * time.Minute))
		assert.Equal(t, Decision{Beside: true, Stay: 100*time.Millisecond + settleTime}, d)
	}
	p := New(config(Periodic))
	p.Unheard()
	assert.Zero(t, p.Invoke(start))
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
// in, so that no more is ever left behind than what an interval and the last invocation have brought; every invocation
// is held that is one of the first or rare; freshness costs no more than was saved; and the same history makes the same
// decisions.
func TestRandomSchedules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		a, b := newWorld(Adaptive), newWorld(Adaptive)
		rnd := rand.New(rand.NewPCG(seed, 0))
		scale := []time.Duration{50 * time.Millisecond, time.Second, 10 * time.Second, time.Minute, 2 * time.Minute}[rnd.IntN(5)]
		var waiting time.Time
		var worst time.Duration // of the account
		for range 500 {
			gap := time.Duration(rnd.ExpFloat64() * float64(scale))
			a.duration = 1 + time.Duration(rnd.ExpFloat64()*float64(200*time.Millisecond))
			a.latency = time.Millisecond + time.Duration(rnd.ExpFloat64()*float64(40*time.Millisecond))
			a.opening = a.latency + time.Duration(rnd.ExpFloat64()*float64(60*time.Millisecond))
			a.down = rnd.IntN(20) == 0
			b.duration, b.latency, b.opening, b.down = a.duration, a.latency, a.opening, a.down
			failing, cost := a.failing, a.latency+a.duration+TelemetryDelay+settleTime
			d := a.invoke(gap)
			require.Equal(t, d, b.invoke(gap), "seed %d", seed)
			require.True(t, failing || d.Stay >= 0 && d.Settle >= 0 && d.Settle <= settleTime)
			require.Equal(t, d.Stay == ToTheEnd, d.Open)
			if a.gaps.count <= warmUp || a.gaps.mean >= a.cfg.SparseGap {
				require.Equal(t, ToTheEnd, d.Stay, "seed %d", seed)
			}
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
			// One invocation may cost more than was expected; the next ones then spend nothing.
			worst = max(worst, cost)
			require.GreaterOrEqual(t, a.account.balance, -worst, "seed %d", seed)
		}
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
