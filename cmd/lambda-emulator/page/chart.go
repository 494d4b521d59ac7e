// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"fmt"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// chart is the environment over time: lanes of bars and marks on one axis.
type chart struct {
	Width, Height float64
	Ticks         []tick
	Lanes         []lane
	Gaps          []bar
}

// Heights in the chart.
const (
	laneHeight = 26.0
	axisHeight = 22.0
	barHeight  = 16.0
)

// lane is one row of the chart.
type lane struct {
	Name  string
	Y     float64
	Bars  []bar
	Marks []mark
}

// bar lasts, mark is at one point. Class is the CSS class that gives the colour, Title what the pointer shows.
type bar struct {
	X, Width     float64
	Class, Label string
	Title        string
}

type mark struct {
	X            float64
	Class, Title string
}

// The lanes, from top to bottom.
const (
	environmentLane = iota
	functionLane
	overrunLane
	extensionLane
	tracesLane
	metricsLane
	logsLane
	backendLane
	lanes
)

func newChart(run Run, clock clock) chart {
	a := newAxis(run)
	c := chart{
		Width: a.width(), Height: axisHeight + lanes*laneHeight, Ticks: a.ticks(), Lanes: make([]lane, lanes),
	}
	for i, name := range []string{
		"environment", "function", "held for delivery", "extension", "export: traces", "export: metrics", "export: logs", "faults",
	} {
		c.Lanes[i].Name, c.Lanes[i].Y = name, axisHeight+float64(i)*laneHeight
	}
	d := drawing{axis: a, clock: clock, lanes: c.Lanes}
	for _, e := range run.Events {
		d.event(e)
	}
	for _, i := range run.Invocations {
		d.invocation(i)
	}
	for _, r := range run.Requests {
		d.request(r)
	}
	d.faults(run.Faults)
	for _, g := range a.gaps {
		c.Gaps = append(c.Gaps, bar{X: a.x(g.from), Width: gapWidth, Title: "frozen for " + short(g.to.Sub(g.from))})
	}
	return c
}

// drawing puts bars and marks into the lanes. It remembers when the phase began that goes on.
type drawing struct {
	axis  axis
	clock clock
	lanes []lane
	phase time.Time
}

func (d *drawing) bar(lane int, from, to time.Time, class, label, title string) {
	x := d.axis.x(from)
	d.lanes[lane].Bars = append(d.lanes[lane].Bars, bar{
		X: x, Width: max(tenth(d.axis.x(to)-x), 1), Class: class, Label: label,
		Title: fmt.Sprintf("%s\nat %s ms, %s", title, d.clock.at(from), short(to.Sub(from))),
	})
}

func (d *drawing) mark(lane int, at time.Time, class, title string) {
	d.lanes[lane].Marks = append(d.lanes[lane].Marks, mark{d.axis.x(at), class, fmt.Sprintf("%s\nat %s ms", title, d.clock.at(at))})
}

func (d *drawing) event(e lambdaemulator.TimelineEvent) {
	switch e.Kind {
	case lambdaemulator.KindInitStart, lambdaemulator.KindFreeze, lambdaemulator.KindShutdownStart:
		d.phase = e.Time
	case lambdaemulator.KindInitDone:
		d.bar(environmentLane, d.phase, e.Time, "init", "init", "INIT "+e.Detail)
	case lambdaemulator.KindThaw:
		d.bar(environmentLane, d.phase, e.Time, "frozen", "", "frozen")
	case lambdaemulator.KindShutdownEnd:
		d.bar(environmentLane, d.phase, e.Time, "shutdown", "shutdown", "SHUTDOWN "+e.Detail)
	case lambdaemulator.KindExtensionRegistered:
		d.mark(extensionLane, e.Time, "good", e.Name+" registered")
	case lambdaemulator.KindExtensionReady:
		d.mark(extensionLane, e.Time, "good", e.Name+" ready")
	case lambdaemulator.KindRuntimeReady:
		d.mark(functionLane, e.Time, "good", "runtime ready")
	case lambdaemulator.KindResponse:
		d.mark(functionLane, e.Time, "good", "response")
	case lambdaemulator.KindTelemetryPost:
		d.mark(extensionLane, e.Time, "post", fmt.Sprintf("the Telemetry API posted a batch: %s, %s", e.Detail, short(e.Duration)))
	case lambdaemulator.KindSigkill:
		d.mark(backendLane, e.Time, "bad", "SIGKILL for "+e.Name)
	case lambdaemulator.KindProcessExit:
		d.mark(backendLane, e.Time, "exit", fmt.Sprintf("%s exited: %s", e.Name, cmp.Or(e.Detail, "exit status 0")))
	}
}

func (d *drawing) invocation(i lambdaemulator.Invocation) {
	class := "invocation"
	if i.Status != lambdaemulator.StatusSuccess {
		class = "failed"
	}
	number := d.clock.invocation(i.RequestID)
	d.bar(environmentLane, i.Start, i.End, class, number, fmt.Sprintf("invocation %s: %s\n%s", number, i.Status, i.RequestID))
	d.bar(functionLane, i.Start, i.RuntimeDone, class, "", "the function runs")
	if i.Overrun() > 0 {
		d.bar(overrunLane, i.RuntimeDone, i.End, "overrun", "", "billed after the function was done")
	}
}

func (d *drawing) request(r otlpbackend.Request) {
	lane := map[otlpbackend.Signal]int{
		otlpbackend.Traces: tracesLane, otlpbackend.Metrics: metricsLane, otlpbackend.Logs: logsLane,
	}[r.Signal]
	class := string(r.Signal)
	if r.Outcome != otlpbackend.Accepted {
		class = "bad"
	}
	d.mark(lane, r.Time, class, fmt.Sprintf("request %d: %s, %s %s over %s: %s",
		r.Number, count(r.Items, "item"), size(int64(r.WireBytes)), cmp.Or(r.Compression, "uncompressed"), r.Protocol, r.Outcome))
}

// faults draws from each change of the backend to the next one.
func (d *drawing) faults(faults []Fault) {
	for i, f := range faults {
		to := d.axis.end
		if i+1 < len(faults) {
			to = faults[i+1].Time
		}
		if f.State != "" {
			d.bar(backendLane, f.Time, to, "failed", f.State, "backend: "+f.State)
		}
	}
}
