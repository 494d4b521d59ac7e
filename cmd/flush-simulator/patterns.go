// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Functions.
var (
	short   = lognormal{20 * time.Millisecond, 0.3}
	typical = lognormal{150 * time.Millisecond, 0.7}
	long    = lognormal{8 * time.Second, 0.15}
	// published is the fit to all functions of Azure's trace by Shahrad et al., "Serverless in the Wild" (USENIX ATC
	// 2020), figure 7: log-normal, mu -0.38, sigma 2.36, in seconds.
	published = lognormal{684 * time.Millisecond, 2.36}
)

// pattern is how invocations arrive; some patterns are those of several environments.
type pattern struct {
	name  string
	loads []load
}

// run runs all environments of a pattern under rules.
func (p pattern) run(r rules) summary {
	total := &costs{}
	for _, l := range p.loads {
		total.add(run(r, l))
	}
	return total.summary()
}

// environments is how many environments each pattern is simulated for. They end at different moments of what a policy
// does periodically.
const environments = 16

func patterns(seed uint64) []pattern {
	const life = 2 * time.Hour
	every := func(name string, function lognormal, gap time.Duration, arrive func(*rand.Rand, time.Duration, time.Duration) []time.Duration) pattern {
		return replicate(seed, name, function, func(r *rand.Rand) []time.Duration {
			return arrive(r, gap, min(life, 20_000*gap)+time.Duration(r.Int64N(int64(time.Minute))))
		})
	}
	burst := func(name string, size int, pause, life time.Duration) pattern {
		return replicate(seed, name, typical, func(r *rand.Rand) []time.Duration {
			return bursts(r, size, 300*time.Millisecond, pause, life)
		})
	}
	return []pattern{
		every("steady 10/s, short", short, 100*time.Millisecond, steady),
		every("steady 1/s, short", short, time.Second, steady),
		every("steady 1/s", typical, time.Second, steady),
		every("steady 1/5s", typical, 5*time.Second, steady),
		every("steady 1/30s", typical, 30*time.Second, steady),
		every("steady 1/50s", typical, 50*time.Second, steady),
		every("steady 1/2min", typical, 2*time.Minute, steady),
		every("steady 1/20s, long", long, 20*time.Second, steady),
		every("Poisson 1/s", typical, time.Second, poisson),
		every("Poisson 1/10s", typical, 10*time.Second, poisson),
		every("Poisson 1/min", typical, time.Minute, poisson),
		burst("bursts of 200, 3 min apart", 200, 3*time.Minute, life),
		burst("bursts of 50, 3 min apart", 50, 3*time.Minute, life),
		burst("bursts of 50, 20 min apart", 50, 20*time.Minute, 5*life),
		burst("bursts of 18, 20 min apart", 18, 20*time.Minute, 5*life),
		burst("bursts of 15, 20 min apart", 15, 20*time.Minute, 5*life),
		burst("bursts of 5, 20 min apart", 5, 20*time.Minute, 5*life),
		replicate(seed, "diurnal", typical, func(r *rand.Rand) []time.Duration { return diurnal(r, 3*time.Second, 5*time.Minute) }),
		replicate(seed, "1/s for up to 30 min, then silence", typical, func(r *rand.Rand) []time.Duration {
			return poisson(r, time.Second, time.Duration(r.Int64N(int64(30*time.Minute))))
		}),
		replicate(seed, "1/s, slowing down until none comes", typical, slowingDown),
		replicate(seed, "one, then silence", typical, func(*rand.Rand) []time.Duration { return []time.Duration{0} }),
		heavyTailed(seed, 200),
	}
}

// replicate makes environments of one pattern.
func replicate(seed uint64, name string, function lognormal, arrive func(*rand.Rand) []time.Duration) pattern {
	p := pattern{name: name}
	for i := range uint64(environments) {
		r := rand.New(rand.NewPCG(seed, i))
		p.loads = append(p.loads, load{seed: seed<<16 + i, arrivals: arrive(r), function: function, lines: 6, spans: 4})
	}
	return p
}

// steady is a timer or a constant stream: gaps vary by a percent.
func steady(r *rand.Rand, gap, life time.Duration) []time.Duration {
	var arrivals []time.Duration
	for at := time.Duration(0); at < life; at += time.Duration((1 + 0.01*r.NormFloat64()) * float64(gap)) {
		arrivals = append(arrivals, at)
	}
	return arrivals
}

func poisson(r *rand.Rand, gap, life time.Duration) []time.Duration {
	var arrivals []time.Duration
	for at := time.Duration(0); at < life; at += time.Duration(r.ExpFloat64() * float64(gap)) {
		arrivals = append(arrivals, at)
	}
	return arrivals
}

func bursts(r *rand.Rand, size int, gap, pause, life time.Duration) []time.Duration {
	var arrivals []time.Duration
	for begin := time.Duration(0); begin < life; begin += pause {
		at := begin
		for range size {
			arrivals = append(arrivals, at)
			at += time.Duration(r.ExpFloat64() * float64(gap))
		}
	}
	return arrivals
}

// slowingDown is a Poisson process whose mean gap doubles every two minutes.
func slowingDown(r *rand.Rand) []time.Duration {
	var arrivals []time.Duration
	for at := time.Duration(0); at < 20*time.Minute; {
		arrivals = append(arrivals, at)
		at += time.Duration(r.ExpFloat64() * float64(time.Second) * math.Exp2(at.Minutes()/2))
	}
	return arrivals
}

// diurnal is a Poisson process whose rate swings, on a logarithmic scale, between the two gaps within a day.
func diurnal(r *rand.Rand, busy, quiet time.Duration) []time.Duration {
	var arrivals []time.Duration
	for at := time.Duration(0); at < 24*time.Hour; {
		arrivals = append(arrivals, at)
		phase := (1 + math.Cos(2*math.Pi*at.Hours()/24)) / 2
		gap := float64(busy) * math.Pow(float64(quiet)/float64(busy), phase)
		at += time.Duration(r.ExpFloat64() * gap)
	}
	return arrivals
}

// heavyTailed are functions whose rates and durations differ by orders of magnitude and whose gaps vary more than those
// of a Poisson process, as "Serverless in the Wild" publishes of Azure's: 45% of the functions are invoked less than
// once an hour on average, 81% less than once a minute. It is drawn from these statistics, not taken from the trace.
func heavyTailed(seed uint64, functions int) pattern {
	r := rand.New(rand.NewPCG(seed, environments))
	p := pattern{name: fmt.Sprintf("heavy-tailed, %d functions", functions)}
	for i := range functions {
		// log10 of the mean gap in seconds: these two quantiles fix a normal distribution.
		mean := math.Pow(10, 3.44+1.90*r.NormFloat64())
		mean = max(mean, 0.5)
		// Gaps: log-normal with a coefficient of variation of 3.6.
		gaps := lognormal{time.Duration(mean * math.Exp(-1.6*1.6/2) * 1e9), 1.6}
		function := lognormal{min(10*time.Second, published.draw(r)), 0.5}
		l := load{seed: seed<<16 + environments + uint64(i), function: function, lines: 6, spans: 4}
		for at := gaps.draw(r); at < 6*time.Hour && len(l.arrivals) < 5000; at += gaps.draw(r) {
			l.arrivals = append(l.arrivals, at)
		}
		if len(l.arrivals) > 0 {
			p.loads = append(p.loads, l)
		}
	}
	return p
}
