// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// figure is one of the costs that two policies are compared by.
type figure struct {
	name         string
	ours, theirs time.Duration
	// same is by which part they may differ and be the same.
	same float64
}

// sameAge is the part of an age that says nothing: whoever flushes with the last lines of the invocation before does so
// milliseconds later, and who holds an invocation for longer makes the next one of a burst begin later.
const sameAge = 2e-3

// compare returns the costs of two policies. Billed time counts to the nanosecond.
func compare(ours, theirs summary) []figure {
	return []figure{
		{"billed overrun", ours.mean, theirs.mean, 0},
		{"age p50", ours.a50, theirs.a50, sameAge},
		{"age p99", ours.a99, theirs.a99, sameAge},
		{"age max", ours.oldest, theirs.oldest, sameAge},
	}
}

func (f figure) worse() bool  { return float64(f.ours) > float64(f.theirs)*(1+f.same) }
func (f figure) better() bool { return float64(f.ours) < float64(f.theirs)*(1-f.same) }

// percent is by how much ours is more than theirs.
func (f figure) percent() float64 { return 100 * (float64(f.ours)/float64(f.theirs) - 1) }

// verdict says in words what a comparison has shown.
func verdict(figures []figure) string {
	var better, worse, parts []string
	for _, f := range figures {
		parts = append(parts, fmt.Sprintf("%s %+.1f%%", f.name, f.percent()))
		switch {
		case f.worse():
			worse = append(worse, f.name)
		case f.better():
			better = append(better, f.name)
		}
	}
	said := "the same"
	if len(better) > 0 {
		said = "better in " + strings.Join(better, ", ")
	}
	if len(worse) > 0 {
		said = "WORSE in " + strings.Join(worse, ", ")
	}
	return strings.Join(parts, ", ") + ": " + said
}

// anyIs reports whether it is so for any figure.
func anyIs(figures []figure, so func(figure) bool) bool { return slices.ContainsFunc(figures, so) }
