// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package flushpolicy

import (
	"slices"
	"time"
)

// overrun foretells how much longer than the function an export lasts, from what was seen of both.
type overrun struct {
	durations ring // of the function
	latencies ring // of flushes
}

func newOverrun() overrun {
	// Enough to see what happens in one of twenty invocations; few enough to forget a deployment within a minute.
	return overrun{durations: newRing(32), latencies: newRing(16)}
}

// expected is how long on average the function has ended when a flush that begins after start ends. It is more than
// anybody would pay while nothing is known.
func (o *overrun) expected(start time.Duration) time.Duration {
	if len(o.durations.seen) == 0 || len(o.latencies.seen) == 0 {
		return ToTheEnd
	}
	var sum time.Duration
	for _, latency := range o.latencies.seen {
		sum += o.ifHeld(start + latency)
	}
	return sum / time.Duration(len(o.latencies.seen))
}

// ifHeld is how much longer than the function an environment lives on average that is held for the given time.
func (o *overrun) ifHeld(held time.Duration) time.Duration {
	if len(o.durations.seen) == 0 {
		return 0
	}
	var sum time.Duration
	for _, duration := range o.durations.seen {
		sum += max(0, held-duration)
	}
	return sum / time.Duration(len(o.durations.seen))
}

// longest is how long it takes at most, in what was seen, until the end of a function is told.
func (o *overrun) longest() time.Duration {
	if len(o.durations.seen) == 0 {
		return ToTheEnd
	}
	return slices.Max(o.durations.seen) + settleTime
}

// latest is the latest begin of a flush, in milliseconds, that is expected to cost at most worth; 0 if there is none.
func (o *overrun) latest(worth time.Duration) time.Duration {
	if o.expected(HeldFlush) > worth {
		return 0
	}
	low, high := HeldFlush, slices.Max(o.durations.seen)+worth
	for high-low > time.Millisecond {
		if middle := (low + high) / 2; o.expected(middle) <= worth {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// ring holds the latest observations.
type ring struct {
	seen []time.Duration
	next int
}

func newRing(size int) ring { return ring{seen: make([]time.Duration, 0, size)} }

func (r *ring) add(d time.Duration) {
	if len(r.seen) < cap(r.seen) {
		r.seen = append(r.seen, d)
		return
	}
	r.seen[r.next] = d
	r.next = (r.next + 1) % len(r.seen)
}

// mean is 0 if there are no observations.
func (r *ring) mean() time.Duration {
	var sum time.Duration
	for _, d := range r.seen {
		sum += d
	}
	return sum / time.Duration(max(1, len(r.seen)))
}
