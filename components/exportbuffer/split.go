// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"math/bits"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// lengthSlack is what the length prefix of a message may grow by while records are added to it: five bytes hold any
// length below 32 GiB.
const lengthSlack = 5

// slice is what the pdata slices of every level (resources, scopes, records) have in common.
type slice[E any] interface {
	Len() int
	At(int) E
	AppendEmpty() E
	RemoveIf(func(E) bool)
}

type movable[E any] interface{ MoveTo(E) }

// level cuts one level of the nesting resource → scope → record, or resource → scope → metric → point.
type level[E movable[E]] struct {
	// size is the length of an element in OTLP protobuf, in bytes.
	size func(E) int
	// divide moves the front of one element, as far as it fits in room bytes, into a new element that has the same
	// resource, scope or description. It returns false if nothing was moved. It is nil for records, which are never
	// divided.
	divide func(from E, room int, atLeastOne bool) (E, bool)
}

// moveFront moves elements from the front of from to the end of into, as many as fit in room bytes, and returns
// whether it moved anything. With atLeastOne it moves one record even if that one does not fit.
func (l level[E]) moveFront(from, into slice[E], room int, atLeastOne bool) bool {
	moved, parts := 0, 0
	for ; moved < from.Len(); moved++ {
		n := onWire(l.size(from.At(moved)))
		if n > room {
			break
		}
		from.At(moved).MoveTo(into.AppendEmpty())
		room -= n
	}
	atLeastOne = atLeastOne && moved == 0
	if l.divide != nil && moved < from.Len() {
		if part, ok := l.divide(from.At(moved), room-lengthSlack, atLeastOne); ok {
			part.MoveTo(into.AppendEmpty())
			parts++
		}
	}
	if atLeastOne && parts == 0 && from.Len() > 0 {
		from.At(0).MoveTo(into.AppendEmpty())
		moved++
	}
	i := 0
	from.RemoveIf(func(E) bool { i++; return i <= moved })
	return moved+parts > 0
}

// onWire is the length of a message of n bytes as a field of another message: tag, length, message. All the fields
// concerned have numbers below 16, so that the tag is one byte.
func onWire(n int) int { return 1 + (bits.Len(uint(n|1))+6)/7 + n }

func cutTraces(from, into ptrace.Traces, limit int) {
	var proto ptrace.ProtoMarshaler
	spans := level[ptrace.Span]{size: proto.SpanSize}
	scopes := level[ptrace.ScopeSpans]{
		size: proto.ScopeSpansSize,
		divide: func(from ptrace.ScopeSpans, room int, atLeastOne bool) (ptrace.ScopeSpans, bool) {
			part := ptrace.NewScopeSpans()
			from.Scope().CopyTo(part.Scope())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ScopeSpansSize(part))
			return part, spans.moveFront(from.Spans(), part.Spans(), room, atLeastOne)
		},
	}
	resources := level[ptrace.ResourceSpans]{
		size: proto.ResourceSpansSize,
		divide: func(from ptrace.ResourceSpans, room int, atLeastOne bool) (ptrace.ResourceSpans, bool) {
			part := ptrace.NewResourceSpans()
			from.Resource().CopyTo(part.Resource())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ResourceSpansSize(part))
			return part, scopes.moveFront(from.ScopeSpans(), part.ScopeSpans(), room, atLeastOne)
		},
	}
	resources.moveFront(from.ResourceSpans(), into.ResourceSpans(), limit, true)
}

func cutMetrics(from, into pmetric.Metrics, limit int) {
	var proto pmetric.ProtoMarshaler
	metrics := level[pmetric.Metric]{size: proto.MetricSize, divide: divideMetric}
	scopes := level[pmetric.ScopeMetrics]{
		size: proto.ScopeMetricsSize,
		divide: func(from pmetric.ScopeMetrics, room int, atLeastOne bool) (pmetric.ScopeMetrics, bool) {
			part := pmetric.NewScopeMetrics()
			from.Scope().CopyTo(part.Scope())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ScopeMetricsSize(part))
			return part, metrics.moveFront(from.Metrics(), part.Metrics(), room, atLeastOne)
		},
	}
	resources := level[pmetric.ResourceMetrics]{
		size: proto.ResourceMetricsSize,
		divide: func(from pmetric.ResourceMetrics, room int, atLeastOne bool) (pmetric.ResourceMetrics, bool) {
			part := pmetric.NewResourceMetrics()
			from.Resource().CopyTo(part.Resource())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ResourceMetricsSize(part))
			return part, scopes.moveFront(from.ScopeMetrics(), part.ScopeMetrics(), room, atLeastOne)
		},
	}
	resources.moveFront(from.ResourceMetrics(), into.ResourceMetrics(), limit, true)
}

func cutLogs(from, into plog.Logs, limit int) {
	var proto plog.ProtoMarshaler
	records := level[plog.LogRecord]{size: proto.LogRecordSize}
	scopes := level[plog.ScopeLogs]{
		size: proto.ScopeLogsSize,
		divide: func(from plog.ScopeLogs, room int, atLeastOne bool) (plog.ScopeLogs, bool) {
			part := plog.NewScopeLogs()
			from.Scope().CopyTo(part.Scope())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ScopeLogsSize(part))
			return part, records.moveFront(from.LogRecords(), part.LogRecords(), room, atLeastOne)
		},
	}
	resources := level[plog.ResourceLogs]{
		size: proto.ResourceLogsSize,
		divide: func(from plog.ResourceLogs, room int, atLeastOne bool) (plog.ResourceLogs, bool) {
			part := plog.NewResourceLogs()
			from.Resource().CopyTo(part.Resource())
			part.SetSchemaUrl(from.SchemaUrl())
			room -= onWire(proto.ResourceLogsSize(part))
			return part, scopes.moveFront(from.ScopeLogs(), part.ScopeLogs(), room, atLeastOne)
		},
	}
	resources.moveFront(from.ResourceLogs(), into.ResourceLogs(), limit, true)
}
