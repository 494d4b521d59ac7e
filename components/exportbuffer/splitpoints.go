// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import "go.opentelemetry.io/collector/pdata/pmetric"

// divideMetric moves the first points of a metric, as many as fit in room bytes, into a new one that is the same
// otherwise.
func divideMetric(from pmetric.Metric, room int, atLeastOne bool) (pmetric.Metric, bool) {
	var proto pmetric.ProtoMarshaler
	part := pmetric.NewMetric()
	part.SetName(from.Name())
	part.SetDescription(from.Description())
	part.SetUnit(from.Unit())
	from.Metadata().CopyTo(part.Metadata())
	switch from.Type() {
	case pmetric.MetricTypeGauge:
		return part, movePoints(part, proto.NumberDataPointSize, from.Gauge().DataPoints(), part.SetEmptyGauge().DataPoints(), room, atLeastOne)
	case pmetric.MetricTypeSum:
		sum := part.SetEmptySum()
		sum.SetAggregationTemporality(from.Sum().AggregationTemporality())
		sum.SetIsMonotonic(from.Sum().IsMonotonic())
		return part, movePoints(part, proto.NumberDataPointSize, from.Sum().DataPoints(), sum.DataPoints(), room, atLeastOne)
	case pmetric.MetricTypeHistogram:
		histogram := part.SetEmptyHistogram()
		histogram.SetAggregationTemporality(from.Histogram().AggregationTemporality())
		return part, movePoints(part, proto.HistogramDataPointSize, from.Histogram().DataPoints(), histogram.DataPoints(), room, atLeastOne)
	case pmetric.MetricTypeExponentialHistogram:
		histogram := part.SetEmptyExponentialHistogram()
		histogram.SetAggregationTemporality(from.ExponentialHistogram().AggregationTemporality())
		return part, movePoints(part, proto.ExponentialHistogramDataPointSize, from.ExponentialHistogram().DataPoints(), histogram.DataPoints(), room, atLeastOne)
	case pmetric.MetricTypeSummary:
		return part, movePoints(part, proto.SummaryDataPointSize, from.Summary().DataPoints(), part.SetEmptySummary().DataPoints(), room, atLeastOne)
	default:
		return part, false
	}
}

// movePoints moves points into a metric that has none yet. The room is for both.
func movePoints[P movable[P]](into pmetric.Metric, size func(P) int, from, to slice[P], room int, atLeastOne bool) bool {
	var proto pmetric.ProtoMarshaler
	// The points are a message inside of the metric: its length may grow, too.
	room -= onWire(proto.MetricSize(into)) + lengthSlack
	return level[P]{size: size}.moveFront(from, to, room, atLeastOne)
}
