// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func sampleLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutInt("faas.max_memory", 128<<20)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("scope")
	lr := sl.LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(noon))
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	lr.SetEventName("event")
	lr.Body().SetEmptyMap().PutStr("message", "hello")
	lr.Attributes().PutStr("faas.invocation_id", "r1")
	lr.SetTraceID([16]byte{1})
	return ld
}

func TestFlattenLogs(t *testing.T) {
	t.Parallel()
	arrival := Arrival{ArrivedAt: noon, Request: 7}
	got := flattenLogs(sampleLogs(), arrival)
	arrival.Resource, arrival.Scope = map[string]any{"faas.max_memory": int64(128 << 20)}, "scope"
	assert.Equal(t, []LogRecord{{
		Arrival: arrival, Time: noon, SeverityNumber: plog.SeverityNumberWarn, SeverityText: "WARN", EventName: "event",
		Body: `{"message":"hello"}`, RawBody: map[string]any{"message": "hello"},
		Attributes: map[string]any{"faas.invocation_id": "r1"}, TraceID: "01000000000000000000000000000000",
	}}, got)
}

func sampleTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetParentSpanID([8]byte{3})
	span.SetName("work")
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(noon))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(noon.Add(time.Second)))
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage("no")
	span.Events().AppendEmpty().SetName("exception")
	return td
}

func TestFlattenTraces(t *testing.T) {
	t.Parallel()
	none := map[string]any{}
	assert.Equal(t, []Span{{
		Arrival: Arrival{Resource: none}, TraceID: "01000000000000000000000000000000",
		SpanID: "0200000000000000", ParentSpanID: "0300000000000000", Name: "work", Kind: ptrace.SpanKindServer,
		Start: noon, End: noon.Add(time.Second), StatusCode: ptrace.StatusCodeError, StatusMessage: "no",
		Attributes: none, Events: []SpanEvent{{Name: "exception", Attributes: none}},
	}}, flattenTraces(sampleTraces(), Arrival{}))
}

func sampleMetrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	add := func(name string) pmetric.Metric {
		m := metrics.AppendEmpty()
		m.SetName(name)
		return m
	}
	add("gauge").SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(0.5)
	sum := add("sum").SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	sum.DataPoints().AppendEmpty().SetIntValue(2)
	histogram := add("histogram").SetEmptyHistogram().DataPoints().AppendEmpty()
	histogram.SetCount(3)
	histogram.SetSum(4)
	exponential := add("exponential").SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	exponential.SetCount(5)
	exponential.SetSum(6)
	summary := add("summary").SetEmptySummary().DataPoints().AppendEmpty()
	summary.SetCount(7)
	summary.SetSum(8)
	return md
}

func TestFlattenMetrics(t *testing.T) {
	t.Parallel()
	var got []DataPoint
	for _, point := range flattenMetrics(sampleMetrics(), Arrival{}) {
		assert.Empty(t, point.Attributes)
		point.Attributes, point.Resource = nil, nil
		got = append(got, point)
	}
	assert.Equal(t, []DataPoint{
		{Name: "gauge", Type: pmetric.MetricTypeGauge, Value: 0.5},
		{Name: "sum", Type: pmetric.MetricTypeSum, Temporality: pmetric.AggregationTemporalityDelta, Value: 2},
		{Name: "histogram", Type: pmetric.MetricTypeHistogram, Count: 3, Value: 4},
		{Name: "exponential", Type: pmetric.MetricTypeExponentialHistogram, Count: 5, Value: 6},
		{Name: "summary", Type: pmetric.MetricTypeSummary, Count: 7, Value: 8},
	}, got)
}
