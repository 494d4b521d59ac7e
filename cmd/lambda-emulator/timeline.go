// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// moment is a line of the timeline.
type moment struct {
	at     time.Time
	what   string
	detail string
}

// timeline tells the story of the environment: a line for each phase, where it begins, and for each request that
// reached the backend.
func timeline(events []lambdaemulator.TimelineEvent, requests []otlpbackend.Request) []moment {
	t := teller{numbers: lambdaemulator.InvocationNumbers(events)}
	for _, e := range events {
		t.tell(e)
	}
	for _, r := range requests {
		t.moments = append(t.moments, moment{r.Time, "export", describe(r)})
	}
	slices.SortStableFunc(t.moments, func(a, b moment) int { return a.at.Compare(b.at) })
	return t.moments
}

func describe(r otlpbackend.Request) string {
	items := map[otlpbackend.Signal]string{
		otlpbackend.Logs: "log record", otlpbackend.Traces: "span", otlpbackend.Metrics: "data point",
	}[r.Signal]
	if r.Items != 1 {
		items += "s"
	}
	return fmt.Sprintf("%d %s, %d bytes %s over %s: %s",
		r.Items, items, r.WireBytes, cmp.Or(r.Compression, "uncompressed"), r.Protocol, r.Outcome)
}

// teller turns events into moments. Between the beginning and the end of a phase it remembers which moment is its.
type teller struct {
	numbers  map[string]int
	moments  []moment
	phase    int // the init, freeze or shutdown that has begun
	stopping bool
	invoke   int // the invocation that has begun
	runtime  time.Duration
	parts    []string // what happened during the init
}

func (t *teller) begin(at time.Time, what, detail string) int {
	t.moments = append(t.moments, moment{at, what, detail})
	return len(t.moments) - 1
}

func (t *teller) tell(e lambdaemulator.TimelineEvent) {
	switch e.Kind {
	case lambdaemulator.KindInitStart:
		t.phase, t.parts = t.begin(e.Time, "init", "did not end"), nil
	case lambdaemulator.KindExtensionRegistered:
		t.parts = append(t.parts, fmt.Sprintf("%s registered at %s", e.Name, t.since(e)))
	case lambdaemulator.KindExtensionReady:
		t.parts = append(t.parts, fmt.Sprintf("%s ready at %s", e.Name, t.since(e)))
	case lambdaemulator.KindRuntimeReady:
		t.parts = append(t.parts, fmt.Sprintf("runtime ready at %s", t.since(e)))
	case lambdaemulator.KindInitDone:
		detail := append([]string{ms(e.Duration)}, t.parts...)
		if e.Detail != "" {
			detail = append(detail, "failed: "+e.Detail)
		}
		t.moments[t.phase].detail = strings.Join(detail, ", ")
	case lambdaemulator.KindInvokeStart:
		t.runtime = 0
		t.invoke = t.begin(e.Time, fmt.Sprintf("invocation %d", t.numbers[e.RequestID]), "did not end")
	case lambdaemulator.KindRuntimeDone:
		t.runtime = e.Duration
	case lambdaemulator.KindInvokeEnd:
		t.moments[t.invoke].detail = fmt.Sprintf("%s, overrun %s: %s", ms(t.runtime), ms(e.Duration-t.runtime), e.Detail)
	case lambdaemulator.KindFreeze:
		t.phase = t.begin(e.Time, "freeze", "to the end")
	case lambdaemulator.KindThaw:
		t.moments[t.phase].detail = ms(e.Duration)
	case lambdaemulator.KindShutdownStart:
		t.stopping, t.phase = true, t.begin(e.Time, "shutdown", e.Detail+": did not end")
	case lambdaemulator.KindShutdownEnd:
		t.stopping = false
		t.moments[t.phase].detail = fmt.Sprintf("%s, %s", e.Detail, ms(e.Duration))
	case lambdaemulator.KindSigkill:
		t.begin(e.Time, "kill", e.Name)
	case lambdaemulator.KindProcessExit:
		if !t.stopping { // in a shutdown they are supposed to end
			t.begin(e.Time, "exit", e.Name+": "+e.Detail)
		}
	}
}

// since is the time since the init began.
func (t *teller) since(e lambdaemulator.TimelineEvent) string {
	return ms(e.Time.Sub(t.moments[t.phase].at))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
