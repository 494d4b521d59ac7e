// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"runtime"
	"runtime/metrics"
	"slices"
)

const (
	// maxPercent is GOGC's default: the heap never grows by more than Go's own rule allows.
	maxPercent = 100
	// calmPercent is how much the heap may grow until the next collection, in percent of what was alive at the calmest of
	// the last ones. Under a stream of spans the peak is 35.5 MB with 75, 36.0 MB with 100, and 39.3 MB with Go's own rule.
	calmPercent = 75
	// calmCycles is how many collections the calmest one is looked for in: two are too few for the peaks of telemetry in
	// flight, and a heap that is there to stay, of a full buffer, is known as such after this many.
	calmCycles = 4
	// leastPercent is the least growth in percent of what is alive now: a buffer that fills is not marked again and again.
	leastPercent = 25
	// minGrowth is the least growth in bytes, within maxPercent. With 2 MB a stream of spans takes a sixth more CPU.
	minGrowth = 3_000_000

	liveMetric = "/gc/heap/live:bytes"
)

// pacer has the heap grow, from one garbage collection to the next, by about what was alive at the calmest of the last few.
// Go's own rule takes the last one only. A request in flight is 4 times its size on the wire, so that what is alive jumps
// from 3 to 8 MB and back with the moment at which the collection falls, and the memory of the process is twice the highest.
type pacer struct {
	set    func(percent int) (old int) // debug.SetGCPercent
	sample []metrics.Sample
	// live is what was alive at the last collections, in bytes, the latest last.
	live []uint64
}

func newPacer(set func(percent int) int) *pacer {
	return &pacer{set: set, sample: []metrics.Sample{{Name: liveMetric}}}
}

// cycle is garbage that tells of the next collection. It holds a pointer, because Go may keep objects without one.
type cycle struct{ _ *pacer }

// follow sets the pace each time that a collection, its sweep included, is over; until then the last one holds.
func (p *pacer) follow() {
	runtime.AddCleanup(&cycle{}, (*pacer).afterCycle, p)
}

func (p *pacer) afterCycle() {
	metrics.Read(p.sample)
	if live := p.sample[0]; live.Value.Kind() == metrics.KindUint64 {
		p.set(p.next(live.Value.Uint64()))
	}
	p.follow()
}

// next is the GOGC until the next collection, after one that has left so many bytes alive.
func (p *pacer) next(live uint64) int {
	p.live = append(p.live, live)
	if len(p.live) > calmCycles {
		p.live = slices.Delete(p.live, 0, 1)
	}
	growth := max(slices.Min(p.live)*calmPercent/100, live*leastPercent/100, minGrowth)
	return int(min(100*growth/max(live, 1), maxPercent))
}
