// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"time"
)

const (
	// startPatience is how long Start waits for the exporters of one name to start. Receivers are started last, so the
	// function's SDK finds nobody until then. Stock exporters connect later and need a millisecond; so do those whose
	// configuration is wrong or lacks a file, and then it is the Collector that does not start. What takes longer has
	// asked its backend something.
	startPatience = 250 * time.Millisecond

	// startTime bounds a start beside everything else, before it is tried again: longer than the half a minute that
	// ClickHouse Cloud takes to wake up.
	startTime = time.Minute
)

// errStarting is the answer of a flush while the exporter has not started.
var errStarting = errors.New("the exporter has not started yet, it waits for its backend")

// starting is a start of the exporter. Flushes wait for it, but it is not part of them and goes on after their end:
// nothing is sent by it, so that no freeze loses or doubles anything, and one that is given up each time would never
// succeed with a backend that is far.
type starting struct {
	soFar  error // why the exporter has not started yet
	cancel context.CancelFunc
	done   chan struct{}
	err    error // when done
}

func (s *starting) isDone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// launchStart runs a start. Its context does not end with ctx, nor after a success: some exporters keep it, for example
// prometheusremotewrite for its write-ahead log.
func (b *buffer[T]) launchStart(ctx context.Context, soFar error, start func(context.Context) error) *starting {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &starting{soFar: soFar, cancel: cancel, done: make(chan struct{})}
	b.starting.Store(s)
	go func() {
		defer close(s.done)
		bound := time.AfterFunc(startTime, cancel)
		defer bound.Stop()
		s.err = start(ctx)
		if ctx.Err() != nil { // whatever it says: clickhouse goes on without what it could not ask
			s.err = soFar
		}
	}()
	return s
}

// startFirst starts the exporter that the buffer was made with. It returns an error that comes soon; otherwise the
// start goes on. It waits for one slow exporter of a name only. Those with a client of the Collector's connect when they
// send, and are spared a goroutine: its stack would grow step by step, for which the runtime reads half a megabyte of
// tables.
func (b *buffer[T]) startFirst(ctx context.Context) error {
	circuit, host := b.breaker.circuit, b.host
	if b.renewable {
		return b.inner.Load().Start(ctx, host)
	}
	s := b.launchStart(ctx, errStarting, func(ctx context.Context) error {
		if err := circuit.lock(ctx); err != nil {
			return err
		}
		defer circuit.unlock()
		return b.inner.Load().Start(ctx, host)
	})
	if circuit.slow.Load() {
		return nil
	}
	timer := time.NewTimer(startPatience)
	defer timer.Stop()
	select {
	case <-s.done:
		return s.err
	case <-timer.C:
		circuit.slow.Store(true)
		return nil
	}
}

// startAgain puts another exporter in the place of one whose start has failed.
func (b *buffer[T]) startAgain(ctx context.Context, failure error) *starting {
	cfg, host := b.cfg, b.host
	return b.launchStart(ctx, failure, func(ctx context.Context) error {
		fresh, err := b.startNew(ctx, cfg, host)
		if err == nil {
			b.swap(ctx, &fresh)
		}
		return err
	})
}

// awaitStart returns nil when the exporter has started. It starts it again if that has failed.
func (b *buffer[T]) awaitStart(ctx context.Context) error {
	if b.isStarted() {
		return nil
	}
	s := b.starting.Load()
	if s.isDone() {
		s = b.startAgain(ctx, s.err)
	}
	err := s.soFar
	select {
	case <-s.done:
		err = s.err
	case <-ctx.Done():
	}
	if err != nil && isRefused(err) {
		return &refusedError{err, b.set.ID}
	}
	return err
}

// isStarted reports whether there is an exporter to send with.
func (b *buffer[T]) isStarted() bool {
	s := b.starting.Load()
	return s == nil || s.isDone() && s.err == nil
}

// shutdownInner shuts the exporter down, after its start.
func (b *buffer[T]) shutdownInner(ctx context.Context) error {
	if s := b.starting.Load(); s != nil && !s.isDone() {
		s.cancel()
		<-s.done
	}
	return b.inner.Load().Shutdown(ctx)
}
