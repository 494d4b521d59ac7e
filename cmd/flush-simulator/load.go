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

// exports are those of one invocation.
type exports struct {
	load       *load
	invocation int
	count      int
}

// next is how long the next export takes, on an open connection.
func (e *exports) next() time.Duration {
	e.count++
	return warmExport.draw(e.random(e.count))
}

// handshake is how much longer it takes on a new one.
func (e *exports) handshake() time.Duration { return handshake.draw(e.random(e.count + 100)) }

// opening is how long an empty request takes on a new connection.
func (e *exports) opening() time.Duration {
	r := e.random(200)
	return warmExport.draw(r) + handshake.draw(r)
}

// random is the source of the k-th number, up to 255.
func (e *exports) random(k int) *rand.Rand {
	return rand.New(rand.NewPCG(e.load.seed, uint64(e.invocation)<<8+uint64(min(k, 255))))
}
