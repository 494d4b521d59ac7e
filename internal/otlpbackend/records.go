// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Arrival says how an item reached the backend, and from where.
type Arrival struct {
	ArrivedAt time.Time
	// Request is the Number of the request that brought it.
	Request int
	// Resource holds the resource attributes, as pcommon.Map.AsRaw returns them: integers are int64.
	Resource map[string]any
	// Scope is the name of the instrumentation scope.
	Scope string
}

// LogRecord is a log record that arrived.
type LogRecord struct {
	Arrival
	Time, ObservedTime time.Time // zero if not set
	SeverityNumber     plog.SeverityNumber
	SeverityText       string
	// Body is the body as text (maps and lists as JSON), RawBody what it is in Go.
	Body       string
	RawBody    any
	Attributes map[string]any
	EventName  string
	// TraceID and SpanID are hexadecimal, empty if not set.
	TraceID, SpanID string
}

// Severity is the severity's text, or the name of its number; empty if it has neither.
func (l LogRecord) Severity() string {
	if l.SeverityText != "" || l.SeverityNumber == plog.SeverityNumberUnspecified {
		return l.SeverityText
	}
	return strings.ToUpper(l.SeverityNumber.String())
}

// Span is a span that arrived. Its ids are hexadecimal, empty if not set.
type Span struct {
	Arrival
	TraceID, SpanID, ParentSpanID string
	Name                          string
	Kind                          ptrace.SpanKind
	Start, End                    time.Time
	StatusCode                    ptrace.StatusCode
	StatusMessage                 string
	Attributes                    map[string]any
	Events                        []SpanEvent
}

// SpanEvent is an event of a span.
type SpanEvent struct {
	Time       time.Time
	Name       string
	Attributes map[string]any
}

// DataPoint is a data point that arrived, with the metric that it belongs to.
type DataPoint struct {
	Arrival
	Name        string
	Unit        string
	Type        pmetric.MetricType
	Temporality pmetric.AggregationTemporality // of sums and histograms
	Attributes  map[string]any
	Start, Time time.Time
	// Value is the value of a gauge or sum, the sum of a histogram or summary.
	Value float64
	// Count is the number of measurements in a histogram or summary; 0 for others.
	Count uint64
}

// Duplicates returns how often each identity occurs that occurs more than once. For spans the identity is the span id;
// for log records it is what the sender made unique, for example the body.
func Duplicates[T any](items []T, identity func(T) string) map[string]int {
	seen := make(map[string]int, len(items))
	for _, item := range items {
		seen[identity(item)]++
	}
	for id, times := range seen {
		if times == 1 {
			delete(seen, id)
		}
	}
	return seen
}
