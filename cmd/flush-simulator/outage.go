// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"
)

const (
	// outage is how long the backend is away. It goes and comes back at one moment for all.
	outage = 5 * time.Minute
	// lost is how many environments find that out.
	lost = 10_000
)

// recovery is what a backend sees that comes back.
type recovery struct {
	peak  int // requests in the worst second
	usual int // requests per second before
	back  time.Duration
}

// recoverFleet simulates the environments, each of which tries at its own invocations only: it is frozen between them.
func recoverFleet(seed uint64, gap time.Duration, jitter bool) recovery {
	var returned []time.Duration // when each has delivered what it had kept
	for i := range uint64(lost) {
		returned = append(returned, returnOf(rand.New(rand.NewPCG(seed, i)), gap, jitter))
	}
	slices.Sort(returned)
	seconds := map[int]int{}
	peak := 0
	for _, at := range returned {
		second := int(at / time.Second)
		seconds[second] += 2 // the probe, and the rest
		peak = max(peak, seconds[second])
	}
	return recovery{
		peak:  peak,
		usual: int(lost / max(gap, 20*time.Second).Seconds()),
		back:  returned[lost*95/100],
	}
}

// returnOf is how long after the end of the outage an environment finds out, by the rules of the export buffer's breaker.
func returnOf(r *rand.Rand, gap time.Duration, jitter bool) time.Duration {
	var delay, nextProbe time.Duration
	failures := 0
	for at := time.Duration(r.Float64() * float64(gap)); ; at += time.Duration(r.ExpFloat64() * float64(gap)) {
		if failures >= exportbuffer.TripAfter && at < nextProbe {
			continue
		}
		if at >= outage {
			return at - outage
		}
		if failures++; failures < exportbuffer.TripAfter {
			continue
		}
		delay = min(max(2*delay, exportbuffer.MinProbeDelay), exportbuffer.MaxProbeDelay)
		spread := 1.0
		if jitter {
			spread = 0.75 + r.Float64()/2
		}
		nextProbe = at + time.Duration(float64(delay)*spread)
	}
}
