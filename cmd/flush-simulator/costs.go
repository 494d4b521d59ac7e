// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"time"
)

// costs are what a policy costs.
type costs struct {
	overruns []time.Duration // billed after the function's end, of each invocation
	ages     []time.Duration // from being said to the backend's answer, of each record
	billed   time.Duration   // function and overrun
	requests int
}

func (c *costs) invoked(duration, overrun time.Duration) {
	c.overruns = append(c.overruns, overrun)
	c.billed += duration + overrun
}

func (c *costs) arrived(age time.Duration) { c.ages = append(c.ages, age) }

// add takes in what another environment cost.
func (c *costs) add(other *costs) {
	c.overruns = append(c.overruns, other.overruns...)
	c.ages = append(c.ages, other.ages...)
	c.billed += other.billed
	c.requests += other.requests
}

// summary is what is compared.
type summary struct {
	invocations                     int
	requests                        int
	overrun, overrunP50, overrunP99 time.Duration
	age50, age99, ageMax            time.Duration
}

func (c *costs) summary() summary {
	slices.Sort(c.overruns)
	slices.Sort(c.ages)
	var sum time.Duration
	for _, o := range c.overruns {
		sum += o
	}
	return summary{
		invocations: len(c.overruns),
		requests:    c.requests,
		overrun:     sum / time.Duration(len(c.overruns)),
		overrunP50:  quantile(c.overruns, 0.50),
		overrunP99:  quantile(c.overruns, 0.99),
		age50:       quantile(c.ages, 0.50),
		age99:       quantile(c.ages, 0.99),
		ageMax:      c.ages[len(c.ages)-1],
	}
}

// quantile is the smallest of the sorted values that is not less than a share of q of them.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
