// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pipeline"
)

const (
	// leaveAfter is how long after the end of its context an exporter may take to return. Those that watch it take
	// microseconds; the rest is for a starved CPU.
	leaveAfter = 100 * time.Millisecond

	// probeSize bounds the request that finds out whether a backend is back, and so what is sent twice if the backend
	// is only slow. probeTime is how long it may take, unless a quarter of the time left is longer, or twice as long as
	// requests have taken that were answered.
	probeSize = 64 << 10
	probeTime = 250 * time.Millisecond
)

// run is a flush in progress.
type run struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // when done
	spared bool  // the backend keeps failing; when done
	stuck  bool  // guarded by the buffer's lock
}

type flushKind int

const (
	anyFlush flushKind = iota
	// idleFlush begins only if no other flush is in progress.
	idleFlush
	// lastFlush tries to send even if the breaker is open: there will be no later.
	lastFlush
)

// Flush sends what is buffered. It returns nil when nothing of what was buffered at its begin is left: delivered, or
// dropped because the backend refused it for good. Otherwise the rest is kept, and the error says why. But an exporter
// that keeps failing is no reason for whoever flushes to treat those worse that work: as long as one of them does, its
// flush returns nil as well.
//
// When it returns, nothing is being sent: a flush that another caller began is waited for, and ended when ctx ends. An
// exporter that does not return at the end of its context breaks this promise: Flush returns an error a short time later
// (leaveAfter), and so do further flushes, until that call has returned and its data is either delivered or back in the
// buffer.
func (b *buffer[T]) Flush(ctx context.Context) error {
	return b.flush(ctx, anyFlush)
}

// flushIfIdle is the flush of the background.
func (b *buffer[T]) flushIfIdle(ctx context.Context) {
	// What it has to say is in the report.
	_ = b.flush(ctx, idleFlush)
}

func (b *buffer[T]) flush(ctx context.Context, kind flushKind) error {
	if b.sig.kind == pipeline.SignalMetrics && kind != lastFlush {
		b.env.meter.reportIfDue(ctx, b.set.ID)
	}
	r, err := b.begin(ctx, kind)
	if r != nil {
		if err = b.await(ctx, r); err == nil {
			err = r.err
			if r.spared && b.env.circuits.othersWork(b.breaker.circuit) {
				err = nil
			}
		}
	}
	records, _ := b.queue.size()
	b.report.keep(records)
	b.breaker.circuit.lines.emit(b.set.Logger, b.env.now(), false)
	if err != nil {
		return fmt.Errorf("exporter %q keeps %d records of %s: %w", b.set.ID, records, b.sig.kind, err)
	}
	return nil
}

// begin waits for the flush in progress and begins another one. It returns nil if there is nothing to send.
func (b *buffer[T]) begin(ctx context.Context, kind flushKind) (*run, error) {
	for {
		b.mu.Lock()
		current := b.run
		switch {
		case current == nil:
			defer b.mu.Unlock()
			if _, waiting := b.queue.youngest(); !waiting {
				return nil, nil
			}
			if b.down && kind != lastFlush {
				return nil, errShutdown
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return b.launch(ctx, kind), nil
		case kind == idleFlush:
			b.mu.Unlock()
			return nil, nil
		}
		stuck := current.stuck
		b.mu.Unlock()
		var err error
		if stuck { // it has had its time
			err = b.leave(current)
		} else {
			err = b.await(ctx, current)
		}
		if err != nil {
			return nil, err
		}
	}
}

// launch runs a flush. The lock is held.
func (b *buffer[T]) launch(ctx context.Context, kind flushKind) *run {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{cancel: cancel, done: make(chan struct{})}
	b.run = r
	go func() {
		defer close(r.done)
		defer cancel()
		started := time.Now()
		r.err = b.cycle(ctx, kind == lastFlush)
		r.spared = b.breaker.tripped()
		b.report.flushed(time.Since(started), r.err)
		b.queue.settle()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.run = nil
	}()
	return r
}

// await waits for the end of a flush, and ends it when ctx ends.
func (b *buffer[T]) await(ctx context.Context, r *run) error {
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return b.leave(r)
	}
}

// leave ends a flush, and gives it a short time.
func (b *buffer[T]) leave(r *run) error {
	r.cancel()
	timer := time.NewTimer(leaveAfter)
	defer timer.Stop()
	select {
	case <-r.done:
		return nil
	case <-timer.C:
		b.mu.Lock()
		defer b.mu.Unlock()
		r.stuck = true
		return errStuck
	}
}

// cycle is a whole flush, with other credentials if there are some in place of those that are refused.
func (b *buffer[T]) cycle(ctx context.Context, last bool) error {
	if b.refusal.final {
		b.renewCredentials(ctx)
	}
	err := b.attempt(ctx, last)
	if _, refused := errors.AsType[*refusedError](err); refused && b.reconsider(ctx) {
		err = b.attempt(ctx, last)
	}
	return err
}

// attempt sends what the breaker allows, of what is there when it begins.
func (b *buffer[T]) attempt(ctx context.Context, last bool) error {
	state := b.breaker.state()
	if state == open && !last {
		return errOpen
	}
	if state == probing && !last {
		if err := b.probe(ctx); err != nil {
			return err
		}
	}
	// What comes in meanwhile is left to the next flush: under continuous traffic this one would not end.
	bound, waiting := b.queue.youngest()
	if !waiting {
		return nil
	}
	return b.try(ctx, plan{limit: maxRequest, bound: bound, workers: maxConcurrent})
}

// probe sends one small request.
func (b *buffer[T]) probe(ctx context.Context) error {
	limit := max(probeTime, 2*b.usual)
	if deadline, ok := ctx.Deadline(); ok {
		limit = max(limit, time.Until(deadline)/4)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	bound, _ := b.queue.youngest()
	return b.try(ctx, plan{limit: probeSize, bound: bound, workers: 1, once: true})
}
