// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// trace is a waterfall: the spans of one trace, each below its parent.
type trace struct {
	ID, Root, Invocation, At, Duration string
	Failed                             bool
	Contents                           string
	Spans                              []spanRow
}

// spanRow is a span in a waterfall. Left and Width are percentages of the trace's time.
type spanRow struct {
	Name, Service, Status, Duration string
	Indent                          int // characters
	Left, Width                     float64
	Failed                          bool
	Attributes                      []attribute
}

// traces returns the traces by their beginning.
func (run Run) traces(clock clock) []trace {
	logs := map[string]int{}
	for _, l := range run.Logs {
		logs[l.TraceID]++
	}
	byID := map[string][]otlpbackend.Span{}
	var order []string
	for _, s := range run.Spans {
		if byID[s.TraceID] == nil {
			order = append(order, s.TraceID)
		}
		byID[s.TraceID] = append(byID[s.TraceID], s)
	}
	slices.SortStableFunc(order, func(a, b string) int { return begin(byID[a]).Compare(begin(byID[b])) })
	var all []trace
	for _, id := range order {
		t := newTrace(byID[id], clock)
		t.ID, t.Contents = id, count(len(t.Spans), "span")
		if n := logs[id]; n > 0 {
			t.Contents += ", " + count(n, "log record")
		}
		all = append(all, t)
	}
	return all
}

func begin(spans []otlpbackend.Span) time.Time {
	first := spans[0].Start
	for _, s := range spans {
		if s.Start.Before(first) {
			first = s.Start
		}
	}
	return first
}

func newTrace(spans []otlpbackend.Span, clock clock) trace {
	start := begin(spans)
	end := start.Add(time.Microsecond)
	for _, s := range spans {
		if s.End.After(end) {
			end = s.End
		}
	}
	whole := float64(end.Sub(start))
	t := trace{At: clock.at(start), Duration: short(end.Sub(start))}
	for _, s := range otlpbackend.Nest(spans) {
		row := spanRow{
			Name: s.Name, Indent: 2 * s.Depth, Duration: short(s.End.Sub(s.Start)),
			Left:       percent(float64(s.Start.Sub(start)) / whole),
			Width:      percent(float64(s.End.Sub(s.Start)) / whole),
			Failed:     s.StatusCode == ptrace.StatusCodeError,
			Attributes: sorted(s.Attributes),
		}
		row.Service, _ = s.Resource["service.name"].(string)
		if row.Failed {
			row.Status = strings.TrimSpace(fmt.Sprintf("error %s", s.StatusMessage))
			t.Failed = true
		}
		if t.Root == "" {
			t.Root = s.Name
		}
		if t.Invocation == "" {
			t.Invocation = clock.invocationOf(s.Attributes)
		}
		t.Spans = append(t.Spans, row)
	}
	return t
}

func percent(share float64) float64 { return math.Round(share*10_000) / 100 }
