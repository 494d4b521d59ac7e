// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// Sizes of the chart, in CSS pixels.
const (
	minWidth    = 1000.0
	maxWidth    = 12_000.0
	bookWidth   = 60.0 // what a median invocation is to have, so that it can be read
	gapWidth    = 36.0 // of a gap that is cut out
	tickSpacing = 90.0
)

// axis places times from left to right. Time in which the environment is frozen, or there is none, is cut out to a
// narrow gap if it is long: nothing happens in it.
type axis struct {
	start, end time.Time
	gaps       []gap
	perMS      float64 // pixels a millisecond
}

// gap is a time that is cut out.
type gap struct{ from, to time.Time }

// newAxis lets an axis run from the first event to the last one.
func newAxis(run Run) axis {
	if len(run.Events) == 0 {
		return axis{perMS: 1}
	}
	a := axis{start: run.Events[0].Time, end: run.Events[len(run.Events)-1].Time}
	for _, r := range run.Requests {
		if r.Time.After(a.end) {
			a.end = r.Time
		}
	}
	var longest []float64
	for _, i := range run.Invocations {
		longest = append(longest, milliseconds(i.Duration()))
	}
	a.scale(longest)
	limit := time.Duration(2 * gapWidth / a.perMS * float64(time.Millisecond))
	for _, idle := range idleTimes(run.Events) {
		if idle.to.Sub(idle.from) > limit {
			a.gaps = append(a.gaps, idle)
		}
	}
	a.scale(longest)
	return a
}

// scale chooses how wide a millisecond is: such that the invocations can be read, within limits.
func (a *axis) scale(invocations []float64) {
	shown := milliseconds(a.end.Sub(a.start))
	for _, g := range a.gaps {
		shown -= milliseconds(g.to.Sub(g.from))
	}
	shown = max(shown, 1)
	a.perMS = minWidth / shown
	if len(invocations) > 0 {
		slices.Sort(invocations)
		a.perMS = max(a.perMS, bookWidth/max(invocations[len(invocations)/2], 1))
	}
	a.perMS = min(a.perMS, max(maxWidth, minWidth)/shown)
}

// idleTimes are the times in which the environment was frozen or did not exist.
func idleTimes(events []lambdaemulator.TimelineEvent) []gap {
	var idle []gap
	var since time.Time
	for _, e := range events {
		switch e.Kind {
		case lambdaemulator.KindFreeze, lambdaemulator.KindShutdownEnd:
			since = e.Time
		case lambdaemulator.KindThaw, lambdaemulator.KindInitStart:
			if !since.IsZero() {
				idle = append(idle, gap{since, e.Time})
			}
			since = time.Time{}
		}
	}
	return idle
}

// x is the place of a time.
func (a axis) x(t time.Time) float64 {
	x := milliseconds(t.Sub(a.start)) * a.perMS
	for _, g := range a.gaps {
		switch whole := milliseconds(g.to.Sub(g.from)) * a.perMS; {
		case !t.Before(g.to):
			x -= whole - gapWidth
		case t.After(g.from):
			within := milliseconds(t.Sub(g.from)) * a.perMS
			x -= within * (1 - gapWidth/whole)
		}
	}
	return tenth(x)
}

func tenth(pixels float64) float64 { return math.Round(pixels*10) / 10 }

func (a axis) width() float64 { return a.x(a.end) }

// tick is a mark of the axis.
type tick struct {
	X     float64
	Label string
}

// ticks are at round times, none in a gap.
func (a axis) ticks() []tick {
	step := roundUp(tickSpacing / a.perMS)
	var all []tick
	for ms := 0.0; ms <= milliseconds(a.end.Sub(a.start)); ms += step {
		t := a.start.Add(time.Duration(ms * float64(time.Millisecond)))
		inGap := func(g gap) bool { return t.After(g.from) && t.Before(g.to) }
		if i := slices.IndexFunc(a.gaps, inGap); i >= 0 {
			past := milliseconds(a.gaps[i].to.Sub(a.start))
			ms = math.Floor(past/step) * step // the loop goes on behind the gap
			continue
		}
		label := fmt.Sprintf("%g ms", ms)
		if ms >= 10_000 {
			label = fmt.Sprintf("%g s", ms/1000)
		}
		all = append(all, tick{a.x(t), label})
	}
	return all
}

// roundUp returns the next of 1, 2, 5, 10, 20, 50 …
func roundUp(value float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= value {
			return factor * power
		}
	}
	return 10 * power
}
