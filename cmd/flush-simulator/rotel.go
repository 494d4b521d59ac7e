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
// Only the rules are compared, so everything else is ours: Rotel's subscription waits 100 ms for the end of an
// invocation, which would be billed to each that is held; here it waits 25 ms.
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
)

func rotelRules() rules { return rules{"Rotel's rules", newRotel, rotelHeld} }

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
