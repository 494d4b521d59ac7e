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
	dials    int // requests on a new connection
	stranded int // records that left only when Lambda ended the environment
}

func (c *costs) invoked(duration, overrun time.Duration) {
	c.overruns = append(c.overruns, overrun)
	c.billed += duration + overrun
}

func (c *costs) arrived(age time.Duration, stranded bool) {
	c.ages = append(c.ages, age)
	if stranded {
		c.stranded++
	}
}

// add takes in what another environment cost.
func (c *costs) add(other *costs) {
	c.overruns = append(c.overruns, other.overruns...)
	c.ages = append(c.ages, other.ages...)
	c.billed += other.billed
	c.requests += other.requests
	c.dials += other.dials
	c.stranded += other.stranded
}

// summary is what is compared.
type summary struct {
	invocations      int
	exports          float64       // for each invocation
	mean, o50, o99   time.Duration // billed overrun of an invocation
	share            float64       // of what is billed
	a50, a99, oldest time.Duration // age of a record at the backend
	stranded         float64       // share of the records
}

func (c *costs) summary() summary {
	slices.Sort(c.overruns)
	slices.Sort(c.ages)
	var sum time.Duration
	for _, o := range c.overruns {
		sum += o
	}
	n := len(c.overruns)
	return summary{
		invocations: n,
		exports:     float64(c.requests) / float64(n),
		mean:        sum / time.Duration(n),
		o50:         quantile(c.overruns, 0.50),
		o99:         quantile(c.overruns, 0.99),
		share:       float64(sum) / float64(c.billed),
		a50:         quantile(c.ages, 0.50),
		a99:         quantile(c.ages, 0.99),
		oldest:      c.ages[len(c.ages)-1],
		stranded:    float64(c.stranded) / float64(len(c.ages)),
	}
}

// quantile is the smallest of the sorted values that is not less than a share of q of them.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
