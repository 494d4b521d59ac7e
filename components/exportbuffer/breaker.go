// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import "time"

const (
	// tripAfter is how many flushes in a row must fail before the breaker opens: a hung backend costs the whole
	// budget of a flush this often, then no more.
	tripAfter = 2

	// minProbeDelay and maxProbeDelay bound the time between two probes. It doubles from one to the other, so that a
	// hung backend costs an environment that is invoked all the time at most a few percent of its time, and a backend
	// that comes back is found within seconds.
	minProbeDelay = time.Second
	maxProbeDelay = 10 * time.Second

	// maxPatience bounds the time that a server may ask for: a mistake in its answer should not cost the environment's
	// data.
	maxPatience = time.Minute
)

// breaker decides how much a flush may try, from how the flushes before it went.
//
//	closed   everything is sent; after tripAfter failures in a row, or when the server says when to come back → open
//	open     nothing is sent; when the delay of the probe is over → probing
//	probing  one small request is sent; success → closed, failure → open, with twice the delay
//
// Time is the wall clock's: that of a freeze counts.
type breaker struct {
	now func() time.Time
	// jitter returns a number in [0, 1): environments that lost a backend together should not probe it together.
	jitter func() float64

	failures  int
	delay     time.Duration
	nextProbe time.Time
}

type breakerState int

const (
	closed breakerState = iota
	open
	probing
)

func (b *breaker) state() breakerState {
	switch {
	case b.failures < tripAfter:
		return closed
	case b.now().Before(b.nextProbe):
		return open
	default:
		return probing
	}
}

func (b *breaker) succeed() {
	b.failures, b.delay = 0, 0
}

// fail records a flush or a probe that delivered nothing. patience is how long the server wants to be left alone: it
// gets it at once. 0 if it did not say.
func (b *breaker) fail(patience time.Duration) {
	b.failures++
	if patience > 0 {
		b.failures = max(b.failures, tripAfter)
	}
	if b.failures < tripAfter {
		return
	}
	b.delay = min(max(2*b.delay, minProbeDelay), maxProbeDelay)
	// Between 75% and 125% of the delay, and after what the server wants by up to half of that.
	jitter := b.jitter() / 2
	b.nextProbe = b.now().Add(max(
		time.Duration(float64(b.delay)*(0.75+jitter)),
		time.Duration(float64(min(patience, maxPatience))*(1+jitter)),
	))
}
