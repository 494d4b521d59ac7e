// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import "time"

const (
	// TripAfter is how many flushes in a row must fail before the breaker opens: a hung backend costs the whole
	// budget of a flush this often, then no more.
	TripAfter = 2

	// MinProbeDelay is the time between the opening of the breaker and the first probe, give or take a quarter. It
	// doubles with each probe that fails, up to MaxProbeDelay.
	MinProbeDelay = time.Second
	// MaxProbeDelay bounds it, so that a hung backend costs an environment that is invoked all the time at most a few
	// percent of its time, and a backend that comes back is found within seconds.
	MaxProbeDelay = 10 * time.Second

	// maxPatience bounds the time that a server may ask for: a mistake in its answer should not cost the environment's
	// data.
	maxPatience = time.Minute
)

// breaker decides how much a flush of one signal may try, from how the flushes before it went.
//
//	closed   everything is sent; after TripAfter failures in a row, or when the server says when to come back → open
//	open     nothing is sent; when the delay of the probe is over → probing
//	probing  one small request is sent; success → closed, failure → open, with twice the delay
//
// When the breaker of another signal of the exporter opens, the next flush of this one is a probe, too: if the backend
// hangs, it costs its budget once for all signals. That of a signal that works stays closed all the same: signals may
// have backends of their own.
//
// Time is the wall clock's: that of a freeze counts.
type breaker struct {
	now func() time.Time
	// jitter returns a number in [0, 1): environments that lost a backend together should not probe it together.
	jitter  func() float64
	circuit *circuit

	failures  int
	delay     time.Duration
	nextProbe time.Time
	trips     int64 // of the circuit, when this signal was last known to work
}

type breakerState int

const (
	closed breakerState = iota
	open
	probing
)

func (b *breaker) state() breakerState {
	switch {
	case b.tripped() && b.now().Before(b.nextProbe):
		return open
	case b.tripped() || b.suspicious():
		return probing
	default:
		return closed
	}
}

func (b *breaker) tripped() bool { return b.failures >= TripAfter }

// suspicious says that another signal has found the backend failing since this one found it working.
func (b *breaker) suspicious() bool { return b.circuit.trips.Load() != b.trips }

func (b *breaker) succeed() {
	b.failures, b.delay = 0, 0
	b.trips = b.circuit.trips.Load()
	b.circuit.works.Store(true)
	b.circuit.failed.Store(0)
}

// fail records a flush or a probe that delivered nothing, and when it began. patience is how long the server wants to be
// left alone: it gets it at once. 0 if it did not say.
func (b *breaker) fail(began time.Time, patience time.Duration) {
	b.circuit.works.Store(false)
	b.failures++
	before := b.circuit.failed.Swap(b.now().UnixNano())
	inARow := before != 0 && before < began.UnixNano() // whichever signal it was; not one beside this one
	if patience > 0 || b.suspicious() || inARow {
		b.failures = max(b.failures, TripAfter)
	}
	if !b.tripped() {
		return
	}
	b.trips = b.circuit.trips.Add(1)
	b.delay = min(max(2*b.delay, MinProbeDelay), MaxProbeDelay)
	// Between 75% and 125% of the delay, and after what the server wants by up to half of that.
	jitter := b.jitter() / 2
	b.nextProbe = b.now().Add(max(
		time.Duration(float64(b.delay)*(0.75+jitter)),
		time.Duration(float64(min(patience, maxPatience))*(1+jitter)),
	))
}
