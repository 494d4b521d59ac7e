// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// pointKinds make a metric of each type and return how to add a point.
var pointKinds = map[string]func(pmetric.Metric) func() pcommon.Map{
	"gauge": func(m pmetric.Metric) func() pcommon.Map {
		points := m.SetEmptyGauge().DataPoints()
		return func() pcommon.Map { return points.AppendEmpty().Attributes() }
	},
	"sum": func(m pmetric.Metric) func() pcommon.Map {
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return func() pcommon.Map { return sum.DataPoints().AppendEmpty().Attributes() }
	},
	"histogram": func(m pmetric.Metric) func() pcommon.Map {
		histogram := m.SetEmptyHistogram()
		histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		return func() pcommon.Map {
			point := histogram.DataPoints().AppendEmpty()
			point.BucketCounts().FromRaw([]uint64{1, 2, 3})
			return point.Attributes()
		}
	},
	"exponential histogram": func(m pmetric.Metric) func() pcommon.Map {
		histogram := m.SetEmptyExponentialHistogram()
		histogram.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return func() pcommon.Map { return histogram.DataPoints().AppendEmpty().Attributes() }
	},
	"summary": func(m pmetric.Metric) func() pcommon.Map {
		points := m.SetEmptySummary().DataPoints()
		return func() pcommon.Map { return points.AppendEmpty().Attributes() }
	},
}

// pointNames describes every point with all that it is a part of.
func pointNames(md pmetric.Metrics) (all []string) {
	var json pmetric.JSONMarshaler
	for _, r := range md.ResourceMetrics().All() {
		for _, s := range r.ScopeMetrics().All() {
			for _, m := range s.Metrics().All() {
				note := func(i int) {
					one := pmetric.NewMetrics()
					rm := one.ResourceMetrics().AppendEmpty()
					r.Resource().CopyTo(rm.Resource())
					sm := rm.ScopeMetrics().AppendEmpty()
					s.Scope().CopyTo(sm.Scope())
					only := sm.Metrics().AppendEmpty()
					m.CopyTo(only)
					keepPoint(only, i)
					text, _ := json.MarshalMetrics(one)
					all = append(all, string(text))
				}
				one := pmetric.NewMetrics()
				m.CopyTo(one.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty())
				for i := range one.DataPointCount() {
					note(i)
				}
			}
		}
	}
	return all
}

// keepPoint removes all points but one.
func keepPoint(m pmetric.Metric, index int) {
	i := -1
	other := func() bool { i++; return i != index }
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return other() })
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return other() })
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(pmetric.HistogramDataPoint) bool { return other() })
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(pmetric.ExponentialHistogramDataPoint) bool { return other() })
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(pmetric.SummaryDataPoint) bool { return other() })
	}
}

// TestCutPoints: metrics of every type are cut between their points, and keep what describes them.
func TestCutPoints(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		md := pmetric.NewMetrics()
		resource := md.ResourceMetrics().AppendEmpty()
		resource.Resource().Attributes().PutStr("service.name", "function")
		scope := resource.ScopeMetrics().AppendEmpty()
		scope.Scope().SetName("scope")
		for kind, create := range pointKinds {
			m := scope.Metrics().AppendEmpty()
			m.SetName(kind)
			m.SetUnit("By")
			m.SetDescription(strings.Repeat("d", rnd.IntN(100)))
			m.Metadata().PutStr("key", "value")
			point := create(m)
			for i := range rnd.IntN(50) {
				point().PutStr("i", fmt.Sprint(i, strings.Repeat("x", rnd.IntN(150))))
			}
		}
		checkCut(t, metricsSignal(), md, 1+rnd.IntN(3000), pointNames)
	}
}

// TestCutHugeMetric: one metric of 10 MB is a few full requests, not one that the backend refuses.
func TestCutHugeMetric(t *testing.T) {
	t.Parallel()
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	point := pointKinds["sum"](m)
	for range 10_000 {
		point().PutStr("key", strings.Repeat("x", 1000))
	}
	sig := metricsSignal()
	q := queue[pmetric.Metrics]{sig: sig}
	rest := item[pmetric.Metrics]{md, sig.size(md), sig.count(md), 0}
	pieces, points := 0, 0
	for rest.count > 0 {
		var piece item[pmetric.Metrics]
		piece, rest = q.cut(rest, maxRequest)
		assert.LessOrEqual(t, piece.size, maxRequest)
		pieces++
		points += piece.count
	}
	assert.Equal(t, 3, pieces)
	assert.Equal(t, 10_000, points)
}
