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
	"go.uber.org/zap"
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

// reportEvery is how often one exporter may log what it lost, with all that it lost since the last time: under the
// Telemetry API a log line of ours may come back to us as data.
const reportEvery = 30 * time.Second

// reporter counts, and logs losses and failures at a bounded rate.
type reporter struct {
	logger *zap.Logger
	now    func() time.Time

	mu      sync.Mutex
	stats   counters
	pending map[dropReason]int64 // dropped since the last line
	failing bool
	lastErr error
	next    time.Time // of the next line
}

func newReporter(logger *zap.Logger, now func() time.Time, exporter component.ID, signal pipeline.Signal) *reporter {
	return &reporter{
		logger:  logger,
		now:     now,
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

// drop counts records as dropped; err, if there is one, is the reason in the backend's words.
func (r *reporter) drop(reason dropReason, records int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
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
	r.count(func(s *counters) { s.Delivered -= int64(records) })
	r.drop(reasonPartialSuccess, records, err)
}

// fail remembers a failure after which the data is kept. It is worth a line only if failing.
func (r *reporter) fail(err error, failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastErr, r.failing = err, failing
}

// emit logs what there is to say, unless it has done so a short time ago. kept is what waits for the next flush.
func (r *reporter) emit(kept int, last bool) {
	r.mu.Lock()
	now := r.now()
	if (len(r.pending) == 0 && !r.failing) || (now.Before(r.next) && !last) {
		r.mu.Unlock()
		return
	}
	line := r.line(kept)
	err := r.lastErr
	clear(r.pending)
	r.failing, r.lastErr, r.next = false, nil, now.Add(reportEvery)
	r.mu.Unlock()
	r.logger.Warn(line, zap.Error(err))
}

func (r *reporter) line(kept int) string {
	var what []string
	for _, reason := range slices.Sorted(maps.Keys(r.pending)) {
		what = append(what, fmt.Sprintf("%d dropped (%s)", r.pending[reason], reason))
	}
	if kept > 0 {
		what = append(what, fmt.Sprintf("%d kept for the next attempt", kept))
	}
	if len(what) == 0 {
		what = append(what, "the backend failed")
	}
	return fmt.Sprintf("export of %s: %s", r.stats.Signal, strings.Join(what, ", "))
}

func (r *reporter) snapshot() counters {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := r.stats
	stats.Dropped = maps.Clone(stats.Dropped)
	return stats
}
