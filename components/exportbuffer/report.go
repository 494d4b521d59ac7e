// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
)

// dropReason says why records were dropped.
type dropReason string

const (
	// reasonBufferFull means: the budget was spent, these were the oldest.
	reasonBufferFull dropReason = "buffer_full"
	// reasonRejected means: the backend refused them for good (for example HTTP 400, 401, 403 or 404).
	reasonRejected dropReason = "rejected"
	// reasonTooLarge means: the backend refused them as too large, however small the request was made.
	reasonTooLarge dropReason = "too_large"
	// reasonPartialSuccess means: the backend accepted the request, but not these records of it.
	reasonPartialSuccess dropReason = "partial_success"
	// reasonShutdown means: they could not be delivered before the shutdown.
	reasonShutdown dropReason = "shutdown"
)

// counters are the counters of one exporter and signal since the start, in records: spans, data points, log records.
// Accepted = Delivered + the sum of Dropped + what is queued or being sent.
type counters struct {
	Exporter component.ID
	Signal   pipeline.Signal
	Accepted int64
	// Refused counts records that were answered with an error: larger than the whole buffer, or after Shutdown.
	Refused   int64
	Delivered int64
	Dropped   map[dropReason]int64
	// Retried counts records that were kept for another attempt, once for every such attempt.
	Retried       int64
	QueuedRecords int64
	QueuedBytes   int64
	// Flushes is how long the flushes took that tried to send something; Failing says that the last flush of all left
	// something behind.
	Flushes durations
	Failing bool
}

// reporter counts what happens to one signal of an exporter, and remembers what there is to say about it.
type reporter struct {
	mu      sync.Mutex
	stats   counters
	pending map[dropReason]int64 // dropped since the last line
	failing bool
	lastErr error
	kept    int // records, after the last flush
	closed  bool
}

func newReporter(exporter component.ID, signal pipeline.Signal) *reporter {
	return &reporter{
		stats:   counters{Exporter: exporter, Signal: signal, Dropped: map[dropReason]int64{}},
		pending: map[dropReason]int64{},
	}
}

// count changes the counters.
func (r *reporter) count(change func(*counters)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.stats)
}

// deliver counts records as delivered.
func (r *reporter) deliver(records int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.stats.Delivered += int64(records)
	}
}

// close counts what is under way as dropped: a call of the exporter that has not returned at the end of its time, and
// of which nobody will hear any more.
func (r *reporter) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.stats.Accepted - r.stats.Delivered
	for _, records := range r.stats.Dropped {
		left -= records
	}
	if left > 0 && !r.closed {
		r.stats.Dropped[reasonShutdown] += left
		r.pending[reasonShutdown] += left
	}
	r.closed = true
}

// drop counts records as dropped; err, if there is one, is the reason in the backend's words.
func (r *reporter) drop(reason dropReason, records int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.stats.Dropped[reason] += int64(records)
	r.pending[reason] += int64(records)
	if err != nil {
		r.lastErr = err
	}
}

// flushed counts a flush that has ended.
func (r *reporter) flushed(took time.Duration, err error) {
	r.count(func(s *counters) {
		s.Failing = err != nil
		if !errors.Is(err, errOpen) {
			s.Flushes.add(took)
		}
	})
}

// partialSuccess counts records that the backend did not accept of a request that counts as delivered.
func (r *reporter) partialSuccess(records int, err error) {
	r.deliver(-records)
	r.drop(reasonPartialSuccess, records, err)
}

// fail remembers a failure after which the data is kept. It is worth a line only if failing.
func (r *reporter) fail(err error, failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastErr, r.failing = err, failing
}

// keep remembers what waits for the next flush.
func (r *reporter) keep(records int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = records
}

// take returns what there is to say since the last time; "" if nothing is.
func (r *reporter) take() (text string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) == 0 && !r.failing {
		return "", nil
	}
	var what []string
	for _, reason := range slices.Sorted(maps.Keys(r.pending)) {
		what = append(what, fmt.Sprintf("%d dropped (%s)", r.pending[reason], reason))
	}
	if r.kept > 0 {
		what = append(what, fmt.Sprintf("%d kept for the next attempt", r.kept))
	}
	if len(what) == 0 {
		what = append(what, "the backend failed")
	}
	err = r.lastErr
	clear(r.pending)
	r.failing, r.lastErr = false, nil
	return fmt.Sprintf("export of %s: %s", r.stats.Signal, strings.Join(what, ", ")), err
}

func (r *reporter) snapshot() counters {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := r.stats
	stats.Dropped = maps.Clone(stats.Dropped)
	return stats
}
