// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

// rotel follows the rules of the Rotel Lambda extension, written anew from their description: a moving average of the
// gaps, which begins at 0 and anew after a silence; flushes at the end for the first invocations and while the average
// is long; else beside the function, every so often.
//
// They are compared twice: as rules, with everything else ours, and with the 100 ms for which Rotel has Lambda hold
// telemetry back, which are billed to each invocation that is held.
type rotel struct {
	last, flushed time.Time
	mean          time.Duration
	count         int
}

const (
	rotelDecay    = 0.07
	rotelWarmUp   = 20
	rotelSilence  = 5 * time.Minute
	rotelFrequent = time.Minute
	rotelInterval = 20 * time.Second
	rotelHeld     = time.Minute
	rotelDelay    = 100 * time.Millisecond
)

func rotelRules() rules {
	return rules{"Rotel's rules", newRotel, rotelHeld, flushpolicy.TelemetryDelay}
}

// rotelAsBuilt is Rotel with its own subscription.
func rotelAsBuilt() rules { return rules{"Rotel as built", newRotel, rotelHeld, rotelDelay} }

func newRotel(now time.Time) policy { return &rotel{flushed: now} }

func (r *rotel) Invoke(now time.Time) flushpolicy.Decision {
	gap := now.Sub(r.last)
	r.last = now
	if r.count == 0 || gap >= rotelSilence {
		r.count, r.mean = 1, 0
	} else {
		r.count++
		r.mean += time.Duration(rotelDecay * float64(gap-r.mean))
	}
	if r.count < rotelWarmUp || r.mean >= rotelFrequent {
		return flushpolicy.Decision{Stay: flushpolicy.ToTheEnd}
	}
	if now.Sub(r.flushed) <= rotelInterval {
		return flushpolicy.Decision{}
	}
	r.flushed = now
	return flushpolicy.Decision{Beside: true}
}

func (*rotel) Done(time.Duration) {}

func (*rotel) Flushed(time.Time, time.Duration, bool) {}

func (*rotel) Released(time.Time, time.Time) {}

func (*rotel) Opened(time.Duration) {}
