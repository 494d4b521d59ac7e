// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"crypto/rand"
	"fmt"
	"sort"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
)

// scopeName is the instrumentation scope of the buffers' own metrics.
const scopeName = "github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"

// series is one stream of numbers.
type series struct {
	name, unit                 string
	exporter, dataType, reason string // attributes; empty where there is none
}

// measurement is what the buffers of a process have done since it began, or since an earlier measurement.
type measurement struct {
	counters  map[series]int64
	durations map[series]durations
}

// measure reads the counters. Their names are those of the Collector's own metrics where it has one for the meaning,
// else they begin with otelcol_lambda:
//
//	otelcol_exporter_sent_*                      records that the backend has taken
//	otelcol_exporter_send_failed_*               dropped: the backend refused them, or the environment ended (reason)
//	otelcol_exporter_enqueue_failed_*            dropped: there was no room in the buffer (reason)
//	otelcol_lambda_exporter_accepted_*           records that came in
//	otelcol_lambda_exporter_retried_*            records kept for another attempt, once for every such attempt
//	otelcol_lambda_exporter_flush_duration       how long the flushes took, in seconds (data_type)
//
// The meter adds, of the environment:
//
//	otelcol_lambda_billed_overrun                from the function's end to our request for the next event, in seconds
//
// The star is log_records, metric_points or spans. The attributes are exporter, its name in the configuration, reason,
// and data_type: logs, metrics or traces.
func measure(reporters []*reporter) measurement {
	m := measurement{map[series]int64{}, map[series]durations{}}
	for _, r := range reporters {
		stats := r.snapshot()
		noun, unit := nouns[stats.Signal].plural, nouns[stats.Signal].unit
		at := func(name, reason string) series {
			return series{name: name + noun, unit: unit, exporter: stats.Exporter.String(), reason: reason}
		}
		m.counters[at("otelcol_lambda_exporter_accepted_", "")] = stats.Accepted
		m.counters[at("otelcol_lambda_exporter_retried_", "")] = stats.Retried
		m.counters[at("otelcol_exporter_sent_", "")] = stats.Delivered
		m.counters[at("otelcol_exporter_enqueue_failed_", "refused")] = stats.Refused
		for reason, n := range stats.Dropped {
			name := "otelcol_exporter_send_failed_"
			if reason == reasonBufferFull {
				name = "otelcol_exporter_enqueue_failed_"
			}
			m.counters[at(name, string(reason))] = n
		}
		m.durations[series{
			name: "otelcol_lambda_exporter_flush_duration", unit: "s",
			exporter: stats.Exporter.String(), dataType: stats.Signal.String(),
		}] = stats.Flushes
	}
	return m
}

// nouns are the Collector's words for records.
var nouns = map[pipeline.Signal]struct{ plural, unit string }{
	pipeline.SignalLogs:    {"log_records", "{record}"},
	pipeline.SignalMetrics: {"metric_points", "{datapoint}"},
	pipeline.SignalTraces:  {"spans", "{span}"},
}

// since returns what has changed. A counter that is behind for a moment, because a partial success is counted before
// the delivery that it is a part of, counts from where it was.
func (m measurement) since(earlier measurement) measurement {
	delta := measurement{map[series]int64{}, map[series]durations{}}
	for s, n := range m.counters {
		if before := earlier.counters[s]; n > before {
			delta.counters[s] = n - before
		} else {
			m.counters[s] = before
		}
	}
	for s, d := range m.durations {
		if d = d.since(earlier.durations[s]); d.count() > 0 {
			delta.durations[s] = d
		}
	}
	return delta
}

// metrics returns a measurement of the time between two moments as OTLP. The temporality is delta: what matters is
// the sum over all environments, each of which lives too short for a cumulative series of its own.
func (m measurement) metrics(from, to time.Time, instance string) pmetric.Metrics {
	all := pmetric.NewMetrics()
	resource := all.ResourceMetrics().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.instance.id", instance)
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(scopeName)
	describe := func(p interface {
		SetStartTimestamp(pcommon.Timestamp)
		SetTimestamp(pcommon.Timestamp)
		Attributes() pcommon.Map
	}, s series) {
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(from))
		p.SetTimestamp(pcommon.NewTimestampFromTime(to))
		for key, value := range map[string]string{"exporter": s.exporter, "data_type": s.dataType, "reason": s.reason} {
			if value != "" {
				p.Attributes().PutStr(key, value)
			}
		}
	}
	var last pmetric.Metric // the points of one metric follow each other
	metric := func(s series) (_ pmetric.Metric, fresh bool) {
		if n := scope.Metrics().Len(); n > 0 && last.Name() == s.name {
			return last, false
		}
		last = scope.Metrics().AppendEmpty()
		last.SetName(s.name)
		last.SetUnit(s.unit)
		return last, true
	}
	for _, s := range sorted(m.counters) {
		metric, fresh := metric(s)
		if fresh {
			sum := metric.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}
		point := metric.Sum().DataPoints().AppendEmpty()
		describe(point, s)
		point.SetIntValue(m.counters[s])
	}
	for _, s := range sorted(m.durations) {
		metric, fresh := metric(s)
		if fresh {
			metric.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}
		point := metric.Histogram().DataPoints().AppendEmpty()
		describe(point, s)
		d := m.durations[s]
		point.ExplicitBounds().FromRaw(durationBounds[:])
		point.BucketCounts().FromRaw(d.buckets[:])
		point.SetCount(d.count())
		point.SetSum(d.sum)
	}
	return all
}

func sorted[V any](m map[series]V) []series {
	all := make([]series, 0, len(m))
	for s := range m {
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool {
		return fmt.Sprint(all[i]) < fmt.Sprint(all[j])
	})
	return all
}

// durationBounds are the bounds of the buckets, in seconds: from a backend nearby to a flush timeout.
var durationBounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

// durations is a histogram.
type durations struct {
	buckets [len(durationBounds) + 1]uint64
	sum     float64 // seconds
}

func (d *durations) add(took time.Duration) {
	seconds := took.Seconds()
	d.buckets[sort.SearchFloat64s(durationBounds[:], seconds)]++
	d.sum += seconds
}

func (d durations) since(earlier durations) durations {
	for i, n := range earlier.buckets {
		d.buckets[i] -= n
	}
	d.sum -= earlier.sum
	return d
}

func (d durations) count() (n uint64) {
	for _, b := range d.buckets {
		n += b
	}
	return n
}

// newInstanceID returns a random UUID (version 4), as the semantic conventions want it for service.instance.id: it
// tells the environments apart, each of which writes deltas of its own.
func newInstanceID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
