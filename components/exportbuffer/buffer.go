// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package exportbuffer puts a bounded buffer in memory in front of every exporter, whatever its kind, and leaves the
// time of sending to whoever knows the life of the execution environment: consuming data returns at once, Flush sends
// what is buffered and returns when the backend has answered or the context has ended, and no call of the exporter is
// in flight after it.
//
// What the backend does not take for now is kept and sent by the next flush, oldest first, within one budget of bytes
// for the whole process; what is dropped is counted and reported, in the log and as metrics. The exporter's own queue
// and retries are switched off, so that its answer is the backend's.
package exportbuffer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// registrar is the extension that decides when to flush.
type registrar interface {
	RegisterFlusher(flush func(context.Context) error) (unregister func())
	// RequestFlush says that there is enough to be worth a request, or, if full, for one of the largest size. It returns
	// at once; whether it is a good time to send is not for the buffer to know: the environment may be about to be
	// frozen.
	RequestFlush(full bool)
}

// buffer is one signal of one exporter.
type buffer[T any] struct {
	sig     signal[T]
	factory exporter.Factory
	env     environment
	set     exporter.Settings // of the wrapped exporter
	queue   *queue[T]
	report  *reporter

	// What the exporter runs with: replaced when its credentials are renewed, by the flush in progress.
	cfg     component.Config
	host    component.Host
	version int
	refusal refusal

	// inner is replaced when its connections are presumed dead, if renewable.
	inner     atomic.Pointer[inner[T]]
	starting  atomic.Pointer[starting] // nil before Start, and once another exporter has replaced that one
	renewable bool

	mu   sync.Mutex
	run  *run // the flush in progress, nil if none is
	down bool // only the last flush may still begin

	// Of the run in progress.
	breaker    breaker
	connection connection
	opened     bool          // ahead of a flush,
	openedAt   int64         // when so many records had come in
	usual      time.Duration // that a request takes
	divisions  atomic.Int64  // of requests that the backend could not read, since it took one

	started    bool
	unregister []func()
	onSome     []func(full bool) // called when a request's worth has come in since the last flush
	background background
}

func newBuffer[T any](
	ctx context.Context, sig signal[T], f exporter.Factory, env environment, set exporter.Settings, cfg component.Config,
) (*buffer[T], error) {
	takeOver(cfg)
	report := newReporter(set.ID, sig.kind)
	circuit := env.circuits.of(set.ID)
	circuit.lines.join(report)
	b := &buffer[T]{
		sig:        sig,
		factory:    f,
		env:        env,
		set:        set,
		cfg:        cfg,
		report:     report,
		renewable:  hasClient(cfg),
		breaker:    breaker{now: env.now, jitter: env.jitter, circuit: circuit},
		connection: connection{alive: env.now()},
		background: newBackground(),
	}
	b.set.Logger = set.Logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return innerCore{core, report.partialSuccess}
	}))
	created, err := sig.create(ctx, f, b.set, cfg)
	if err != nil {
		return nil, err
	}
	b.inner.Store(&created)
	env.meter.observe(report)
	b.queue = newQueue(sig, env.budget, func(reason dropReason, records int) { report.drop(reason, records, nil) })
	return b, nil
}

// Capabilities says that the data is changed: merging requests moves it out of what was consumed.
func (b *buffer[T]) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// accept takes data over. It never waits for the exporter. Data for which there is no room is dropped and counted like
// older data would be, not refused: the sender would repeat it to the other exporters of the pipeline as well. An
// error is returned for data that never will have room, and after Shutdown.
func (b *buffer[T]) accept(data T) error {
	count := b.sig.count(data)
	if count == 0 {
		return nil
	}
	arrived, err := b.queue.put(data, b.sig.size(data), count)
	if err != nil {
		b.report.count(func(s *counters) { s.Refused += int64(count) })
		return err
	}
	b.report.count(func(s *counters) { s.Accepted += int64(count) })
	if arrived != little {
		for _, call := range b.onSome {
			call(arrived == full)
		}
	}
	return nil
}

// Start starts the exporter and registers with the extension that decides when to flush. Without one, the buffer is
// flushed in the background. An exporter that does not start at once holds nothing up: data is accepted meanwhile.
func (b *buffer[T]) Start(ctx context.Context, host component.Host) error {
	b.host = host
	if err := b.startFirst(ctx); err != nil {
		return err
	}
	b.started = true
	for _, extension := range host.GetExtensions() {
		if r, ok := extension.(registrar); ok {
			b.unregister = append(b.unregister, r.RegisterFlusher(b.Flush))
			b.onSome = append(b.onSome, r.RequestFlush)
		}
		if o, ok := extension.(opener); ok {
			b.unregister = append(b.unregister, o.RegisterOpener(b.Open))
		}
		if unfollow := b.env.meter.follow(extension); unfollow != nil {
			b.unregister = append(b.unregister, unfollow)
		}
	}
	if b.onSome == nil {
		b.onSome = []func(bool){func(bool) { b.background.wakeUp() }}
		b.background.start(b.queue.ready, b.flushIfIdle)
	}
	return nil
}

// Shutdown refuses data from now on, flushes within ctx and shuts the exporter down. What is left then is dropped.
func (b *buffer[T]) Shutdown(ctx context.Context) error {
	if !b.queue.close() {
		return nil
	}
	for _, unregister := range b.unregister {
		unregister()
	}
	b.mu.Lock()
	b.down = true
	b.mu.Unlock()

	b.background.stop()
	if b.started {
		// A flush in the background goes on until the last one has waited for it.
		if err := b.flush(ctx, lastFlush); err != nil {
			b.report.fail(err, true)
		}
		b.background.wait()
	}
	b.queue.drain()
	b.report.close()
	err := bounded(ctx, b.shutdownInner)
	b.report.keep(0)
	b.breaker.circuit.lines.emit(b.set.Logger, b.env.now(), true)
	return err
}

// counters returns the counters, and what is queued.
func (b *buffer[T]) counters() counters {
	stats := b.report.snapshot()
	records, bytes := b.queue.size()
	stats.QueuedRecords, stats.QueuedBytes = int64(records), int64(bytes)
	return stats
}

// bounded calls f and waits for it, but not longer than leaveAfter after the end of ctx.
func bounded(ctx context.Context, f func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(leaveAfter)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("shutting the exporter down: %w", errStuck)
	}
}
