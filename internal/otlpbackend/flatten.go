// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// within completes an arrival with the resource and scope that an item belongs to.
func (a Arrival) within(resource pcommon.Resource, scope pcommon.InstrumentationScope) Arrival {
	a.Resource, a.Scope = resource.Attributes().AsRaw(), scope.Name()
	return a
}

func flattenLogs(ld plog.Logs, arrival Arrival) []LogRecord {
	flat := make([]LogRecord, 0, ld.LogRecordCount())
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			from := arrival.within(rl.Resource(), sl.Scope())
			for _, lr := range sl.LogRecords().All() {
				flat = append(flat, LogRecord{
					Arrival:        from,
					Time:           timeOf(lr.Timestamp()),
					ObservedTime:   timeOf(lr.ObservedTimestamp()),
					SeverityNumber: lr.SeverityNumber(),
					SeverityText:   lr.SeverityText(),
					Body:           lr.Body().AsString(),
					RawBody:        lr.Body().AsRaw(),
					Attributes:     lr.Attributes().AsRaw(),
					EventName:      lr.EventName(),
					TraceID:        lr.TraceID().String(),
					SpanID:         lr.SpanID().String(),
				})
			}
		}
	}
	return flat
}

func flattenTraces(td ptrace.Traces, arrival Arrival) []Span {
	flat := make([]Span, 0, td.SpanCount())
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			from := arrival.within(rs.Resource(), ss.Scope())
			for _, span := range ss.Spans().All() {
				flat = append(flat, Span{
					Arrival:       from,
					TraceID:       span.TraceID().String(),
					SpanID:        span.SpanID().String(),
					ParentSpanID:  span.ParentSpanID().String(),
					Name:          span.Name(),
					Kind:          span.Kind(),
					Start:         timeOf(span.StartTimestamp()),
					End:           timeOf(span.EndTimestamp()),
					StatusCode:    span.Status().Code(),
					StatusMessage: span.Status().Message(),
					Attributes:    span.Attributes().AsRaw(),
					Events:        flattenEvents(span.Events()),
				})
			}
		}
	}
	return flat
}

func flattenEvents(events ptrace.SpanEventSlice) []SpanEvent {
	flat := make([]SpanEvent, 0, events.Len())
	for _, e := range events.All() {
		flat = append(flat, SpanEvent{Time: timeOf(e.Timestamp()), Name: e.Name(), Attributes: e.Attributes().AsRaw()})
	}
	return flat
}

func flattenMetrics(md pmetric.Metrics, arrival Arrival) []DataPoint {
	flat := make([]DataPoint, 0, md.DataPointCount())
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			from := arrival.within(rm.Resource(), sm.Scope())
			for _, m := range sm.Metrics().All() {
				of := DataPoint{Arrival: from, Name: m.Name(), Unit: m.Unit(), Type: m.Type()}
				flat = append(flat, flattenMetric(m, of)...)
			}
		}
	}
	return flat
}

// flattenMetric returns the data points of one metric, each a copy of the given one with its own part filled in.
func flattenMetric(m pmetric.Metric, of DataPoint) []DataPoint {
	var flat []DataPoint
	add := func(dp interface {
		Attributes() pcommon.Map
		StartTimestamp() pcommon.Timestamp
		Timestamp() pcommon.Timestamp
	}, value float64, count uint64) {
		point := of
		point.Attributes = dp.Attributes().AsRaw()
		point.Start, point.Time = timeOf(dp.StartTimestamp()), timeOf(dp.Timestamp())
		point.Value, point.Count = value, count
		flat = append(flat, point)
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, dp := range m.Gauge().DataPoints().All() {
			add(dp, number(dp), 0)
		}
	case pmetric.MetricTypeSum:
		of.Temporality = m.Sum().AggregationTemporality()
		for _, dp := range m.Sum().DataPoints().All() {
			add(dp, number(dp), 0)
		}
	case pmetric.MetricTypeHistogram:
		of.Temporality = m.Histogram().AggregationTemporality()
		for _, dp := range m.Histogram().DataPoints().All() {
			add(dp, dp.Sum(), dp.Count())
		}
	case pmetric.MetricTypeExponentialHistogram:
		of.Temporality = m.ExponentialHistogram().AggregationTemporality()
		for _, dp := range m.ExponentialHistogram().DataPoints().All() {
			add(dp, dp.Sum(), dp.Count())
		}
	case pmetric.MetricTypeSummary:
		for _, dp := range m.Summary().DataPoints().All() {
			add(dp, dp.Sum(), dp.Count())
		}
	}
	return flat
}

func number(dp pmetric.NumberDataPoint) float64 {
	if dp.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(dp.IntValue())
	}
	return dp.DoubleValue()
}

func timeOf(t pcommon.Timestamp) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return t.AsTime()
}
