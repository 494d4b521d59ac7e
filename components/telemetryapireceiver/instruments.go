// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// counter counts; reset keeps that it has ever counted.
type counter struct{ value float64 }

func (c *counter) add(n float64) { c.value += n }

// histogram has fixed bounds, which must be set before the first record.
type histogram struct {
	bounds        []float64
	counts        []uint64
	count         uint64
	sum, min, max float64
}

func (h *histogram) record(value float64) {
	if h.counts == nil {
		h.counts = make([]uint64, len(h.bounds)+1)
	}
	if h.count == 0 {
		h.min, h.max = value, value
	}
	bucket, _ := slices.BinarySearch(h.bounds, value) // the upper bound of a bucket is in it
	h.counts[bucket]++
	h.count++
	h.sum += value
	h.min, h.max = min(h.min, value), max(h.max, value)
}

// writer writes instruments that have anything to say, and with delta temporality sets them back.
type writer struct {
	to          pmetric.MetricSlice
	temporality pmetric.AggregationTemporality
	start, now  pcommon.Timestamp
}

func (w writer) metric(name, unit, description string) pmetric.Metric {
	metric := w.to.AppendEmpty()
	metric.SetName(name)
	metric.SetUnit(unit)
	metric.SetDescription(description)
	return metric
}

func (w writer) counter(name, unit, description string, c *counter) {
	if c.value == 0 {
		return
	}
	sum := w.metric(name, unit, description).SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(w.temporality)
	point := sum.DataPoints().AppendEmpty()
	point.SetStartTimestamp(w.start)
	point.SetTimestamp(w.now)
	point.SetIntValue(int64(c.value))
	if w.temporality == pmetric.AggregationTemporalityDelta {
		c.value = 0
	}
}

func (w writer) histogram(name, unit, description string, h *histogram) {
	if h.count == 0 {
		return
	}
	data := w.metric(name, unit, description).SetEmptyHistogram()
	data.SetAggregationTemporality(w.temporality)
	point := data.DataPoints().AppendEmpty()
	point.SetStartTimestamp(w.start)
	point.SetTimestamp(w.now)
	point.SetCount(h.count)
	point.SetSum(h.sum)
	point.SetMin(h.min)
	point.SetMax(h.max)
	point.ExplicitBounds().FromRaw(h.bounds)
	point.BucketCounts().FromRaw(h.counts)
	if w.temporality == pmetric.AggregationTemporalityDelta {
		*h = histogram{bounds: h.bounds}
	}
}

func (w writer) gauge(name, unit, description string, value float64) {
	if value == 0 {
		return
	}
	point := w.metric(name, unit, description).SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(w.now)
	point.SetIntValue(int64(value))
}
