// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
)

const (
	// reportInterval is the shortest time between two reports: they take a request of their own where the function
	// sends no metrics itself. What was dropped is reported a little earlier.
	reportInterval = time.Minute
	dropInterval   = 10 * time.Second
)

// Meter reports what the buffers of a process do as OTLP metrics, which take the way of the function's own: into the
// pipelines of a receiver, through their processors, and to their exporters in front of which the buffers are. A nil
// Meter reports nothing. See the function measure for the metrics.
//
// A report is made when the metrics are flushed, at most once in reportInterval and only if there was other data since
// the last one, and when Report is called, at the end. While the exporter that would carry it fails, it waits: a
// backend that is down is not asked for more than the data asks.
type Meter struct {
	now func() time.Time

	mu         sync.Mutex
	reporters  []*reporter
	source     overrunSource // nil if there is none
	overruns   durations
	receiver   component.ID
	next       consumer.Metrics
	instance   string // identifies this process; empty until the first report
	reported   measurement
	reportedAt time.Time
	seen       activity // when the last report had been handed on
}

// activity tells, if compared, whether something has happened.
type activity struct{ records, dropped int64 }

// NewMeter returns a meter for the buffers that Wrap is given it for.
func NewMeter() *Meter { return newMeter(wallClock) }

func newMeter(now func() time.Time) *Meter {
	return &Meter{now: now, reportedAt: now()}
}

// Through offers a way for the reports: what the metrics receiver hands on goes to next. They take that of the
// receiver whose name is the first in the alphabet, so that they take one.
func (m *Meter) Through(receiver component.ID, next consumer.Metrics) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next == nil || receiver.String() < m.receiver.String() {
		m.receiver, m.next = receiver, next
	}
}

// observe adds a buffer.
func (m *Meter) observe(r *reporter) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reporters = append(m.reporters, r)
}

// Report makes the last report, if there is anything to add to the one before. It must be called while the pipelines
// still take data.
func (m *Meter) Report(ctx context.Context) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report(ctx)
}

// reportIfDue makes a report that the exporter is to carry, if it is time for one.
func (m *Meter) reportIfDue(ctx context.Context, carrier component.ID) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	age := m.now().Sub(m.reportedAt)
	if age < dropInterval {
		return
	}
	activity := m.activity()
	due := activity.dropped != m.seen.dropped || (age >= reportInterval && activity != m.seen)
	if due && !m.failing(carrier) {
		m.report(ctx)
	}
}

// report hands on what has happened since the last report. The lock is held: next leads to buffers, which do not come
// back here.
func (m *Meter) report(ctx context.Context) {
	if m.next == nil {
		return
	}
	if m.instance == "" {
		m.instance = newInstanceID()
	}
	now, current := m.now(), measure(m.reporters)
	current.durations[overrunSeries()] = m.overruns
	metrics := current.since(m.reported).metrics(m.reportedAt, now, m.instance)
	if m.source != nil && m.source.Instance() != "" && metrics.DataPointCount() > 0 {
		metrics.ResourceMetrics().At(0).Resource().Attributes().PutStr("faas.instance", m.source.Instance())
	}
	if metrics.DataPointCount() == 0 || m.next.ConsumeMetrics(ctx, metrics) != nil {
		return
	}
	m.reported, m.reportedAt = current, now
	// The report is itself data that the buffers count. It must not be the reason for another one.
	m.seen = m.activity()
}

func (m *Meter) activity() (a activity) {
	for _, r := range m.reporters {
		stats := r.snapshot()
		a.records += stats.Accepted
		a.dropped += stats.Refused
		for _, n := range stats.Dropped {
			a.dropped += n
		}
	}
	return a
}

// failing says that the last flush of one of the exporter's signals has failed.
func (m *Meter) failing(exporter component.ID) bool {
	for _, r := range m.reporters {
		if stats := r.snapshot(); stats.Exporter == exporter && stats.Failing {
			return true
		}
	}
	return false
}
