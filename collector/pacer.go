// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
)

const (
	// defaultGOGC is what Go takes GOGC for where it is not set.
	defaultGOGC = 100
	// calmPercent is what takes its place: how much the heap may grow until the next collection, in percent of what was
	// alive at the calmest of the last ones. Of a stream of spans 75 makes a peak of 35.5 MB, 100 one of 36.0, and Go's own
	// rule one of 39.3.
	calmPercent = 75
	// calmCycles is how many collections the calmest one is looked for in: two are too few for the peaks of telemetry in
	// flight, and a heap that is there to stay, of a full buffer, is known as such after this many.
	calmCycles = 4
	// minGrowth is the least that the heap may grow by. At 2 MB there is a fifth more CPU in a stream of spans.
	minGrowth = 3_000_000

	liveMetric = "/gc/heap/live:bytes"
)

// pacer has the heap grow, from one garbage collection to the next, by what was alive at the calmest of the last few.
// Go's own rule takes the last one only. A request in flight is 4 times its size on the wire, so that what is alive jumps
// from 3 to 8 MB and back with the moment at which the collection falls, and the memory of the process is twice the highest.
type pacer struct {
	percent int
	set     func(percent int) (old int) // debug.SetGCPercent
	sample  []metrics.Sample
	// live is what was alive at the last collections, in bytes, the latest last.
	live    []uint64
	stopped atomic.Bool
}

// newPacer returns one for a GOGC of percent.
func newPacer(percent int, set func(percent int) int) *pacer {
	if percent == defaultGOGC {
		percent = calmPercent
	}
	return &pacer{percent: percent, set: set, sample: []metrics.Sample{{Name: liveMetric}}}
}

// cycle is garbage that tells of the next collection. It holds a pointer, because Go may keep objects without one.
type cycle struct{ _ *pacer }

// follow sets the pace after each collection, until stop.
func (p *pacer) follow() {
	runtime.AddCleanup(&cycle{}, (*pacer).afterCycle, p)
}

func (p *pacer) afterCycle() {
	if p.stopped.Load() {
		return
	}
	metrics.Read(p.sample)
	if live := p.sample[0]; live.Value.Kind() == metrics.KindUint64 {
		p.set(p.next(live.Value.Uint64()))
	}
	p.follow()
}

func (p *pacer) stop() { p.stopped.Store(true) }

// next is the GOGC until the next collection, after one that has left so many bytes alive.
func (p *pacer) next(live uint64) int {
	p.live = append(p.live, live)
	if len(p.live) > calmCycles {
		p.live = slices.Delete(p.live, 0, 1)
	}
	growth := max(slices.Min(p.live)*uint64(p.percent)/100, minGrowth)
	return int(min(100*growth/max(live, 1), uint64(max(p.percent, defaultGOGC))))
}
