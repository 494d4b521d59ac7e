// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Counts says how much has arrived.
type Counts struct {
	Requests, Logs, Spans, DataPoints int
}

func (c Counts) String() string {
	return fmt.Sprintf("%d requests, %d logs, %d spans, %d data points", c.Requests, c.Logs, c.Spans, c.DataPoints)
}

// Requests returns the requests so far, in the order of their numbers.
func (b *Backend) Requests() []Request {
	return read(b.store, func(r *received) []Request { return slices.Clone(r.requests) })
}

// Logs returns the log records so far, in the order of their arrival.
func (b *Backend) Logs() []LogRecord {
	return read(b.store, func(r *received) []LogRecord { return slices.Clone(r.logs) })
}

// Spans returns the spans so far, in the order of their arrival.
func (b *Backend) Spans() []Span {
	return read(b.store, func(r *received) []Span { return slices.Clone(r.spans) })
}

// DataPoints returns the data points so far, in the order of their arrival.
func (b *Backend) DataPoints() []DataPoint {
	return read(b.store, func(r *received) []DataPoint { return slices.Clone(r.dataPoints) })
}

// Counts returns how much has arrived so far: cheaper than counting copies, for WaitFor.
func (b *Backend) Counts() Counts {
	return read(b.store, func(r *received) Counts {
		return Counts{Requests: len(r.requests), Logs: len(r.logs), Spans: len(r.spans), DataPoints: len(r.dataPoints)}
	})
}

// RawLogs returns the log requests that were stored, as they came. They are shared: read them only.
func (b *Backend) RawLogs() []plog.Logs {
	return read(b.store, func(r *received) []plog.Logs { return slices.Clone(r.rawLogs) })
}

// RawTraces returns the trace requests that were stored, as they came. They are shared: read them only.
func (b *Backend) RawTraces() []ptrace.Traces {
	return read(b.store, func(r *received) []ptrace.Traces { return slices.Clone(r.rawTraces) })
}

// RawMetrics returns the metric requests that were stored, as they came. They are shared: read them only.
func (b *Backend) RawMetrics() []pmetric.Metrics {
	return read(b.store, func(r *received) []pmetric.Metrics { return slices.Clone(r.rawMetrics) })
}

// Reset forgets what has arrived, and counts requests from 1 again. Requests that are still pending vanish.
func (b *Backend) Reset() {
	b.store.change(func(r *received) { *r = received{generation: r.generation + 1} })
}

// WaitFor returns nil as soon as the condition holds. It looks now, and again after every change in what has arrived.
// The error says what had arrived when the context ended.
func (b *Backend) WaitFor(ctx context.Context, condition func(*Backend) bool) error {
	for {
		changed := b.store.nextChange()
		if condition(b) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for telemetry, have %v: %w", b.Counts(), context.Cause(ctx))
		}
	}
}

// received is everything that has arrived since the last Reset.
type received struct {
	generation int // counts the Resets
	requests   []Request
	logs       []LogRecord
	spans      []Span
	dataPoints []DataPoint
	rawLogs    []plog.Logs
	rawTraces  []ptrace.Traces
	rawMetrics []pmetric.Metrics
}

type store struct {
	mu       sync.Mutex
	received received
	changed  chan struct{} // closed and replaced at every change
}

func newStore() *store { return &store{changed: make(chan struct{})} }

func read[T any](s *store, get func(*received) T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return get(&s.received)
}

func (s *store) change(do func(*received)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.received)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *store) nextChange() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// entry is the place of one request in the store.
type entry struct {
	store      *store
	generation int
	index      int
}

// begin numbers a request and remembers it.
func (s *store) begin(request Request) entry {
	e := entry{store: s}
	s.change(func(r *received) {
		e.generation, e.index = r.generation, len(r.requests)
		request.Number = len(r.requests) + 1
		r.requests = append(r.requests, request)
	})
	return e
}

// update changes the request, unless a Reset has forgotten it.
func (e entry) update(do func(*received, *Request)) {
	e.store.change(func(r *received) {
		if r.generation == e.generation {
			do(r, &r.requests[e.index])
		}
	})
}

func (e entry) outcome(o Outcome) {
	e.update(func(_ *received, request *Request) { request.Outcome, request.Took = o, time.Since(request.Time) })
}
