// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// load is what happens to one environment: when it is invoked, how long its function takes and its backend. Whatever
// the policy does, the n-th invocation is the same one, and so is its k-th export.
type load struct {
	seed         uint64
	arrivals     []time.Duration // since the epoch, increasing
	function     lognormal       // duration of the function
	lines, spans int             // that an invocation says
}

// epoch is when simulated time begins.
var epoch = time.Unix(1_800_000_000, 0)

// The backend: in the same region, over TLS. One request in a hundred takes four times as long as half of them do.
var (
	warmExport = lognormal{40 * time.Millisecond, 0.6}
	handshake  = lognormal{60 * time.Millisecond, 0.3}
)

// maxDuration is the function's timeout, as it were.
const maxDuration = time.Minute

// lognormal is a distribution of times.
type lognormal struct {
	median time.Duration
	sigma  float64
}

func (d lognormal) draw(r *rand.Rand) time.Duration {
	return time.Duration(float64(d.median) * math.Exp(d.sigma*r.NormFloat64()))
}

// duration is how long the function takes in the n-th invocation.
func (l *load) duration(n int) time.Duration {
	return min(maxDuration, l.function.draw(rand.New(rand.NewPCG(l.seed, uint64(n)<<8))))
}

// export is one of an invocation. It takes the same time whatever the policy does.
type export int

const (
	besideExport  export = 1 // at the begin
	endExport     export = 2
	openingExport export = 3 // empty, opens a connection
	heldExport    export = 4 // and further
)

// exports are those of one invocation.
type exports struct {
	load       *load
	invocation int
	held       export
}

// next numbers those from an environment that is held.
func (e *exports) next() export {
	e.held++
	return heldExport + e.held - 1
}

// takes is how long an export takes on an open connection.
func (e *exports) takes(x export) time.Duration { return warmExport.draw(e.random(x)) }

// handshake is how much longer it takes on a new one.
func (e *exports) handshake(x export) time.Duration { return handshake.draw(e.random(x + 128)) }

// random is the source of what is random of an export.
func (e *exports) random(x export) *rand.Rand {
	return rand.New(rand.NewPCG(e.load.seed, uint64(e.invocation)<<8+uint64(min(x, 255))))
}
