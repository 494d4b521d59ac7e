// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

// RegisterFlusher has flush called whenever what is buffered should leave: flush returns when it has, or when ctx is
// done, and nothing is in flight any more. It may be called while another call of it runs. unregister works twice.
func (l *lifecycle) RegisterFlusher(flush func(ctx context.Context) error) (unregister func()) {
	return l.flushers.add(flush)
}

// RequestFlush says that there is enough to be worth sending. It returns at once. The flush comes if the environment is
// held: it cannot come when the next event has been asked for, because the environment may be frozen in the middle of
// it. If full, there is so much that the environment should be held for it, at the next invocations.
func (l *lifecycle) RequestFlush(full bool) {
	if full {
		l.pressed.Store(true)
	}
	signal(l.requests)
}

// RegisterOpener has open called when there is time to open connections before they are needed: beside a function at the
// end of which data leaves. open returns when it has, or when ctx is done. unregister works twice.
func (l *lifecycle) RegisterOpener(open func(ctx context.Context) error) (unregister func()) {
	return l.openers.add(open)
}

// open opens connections side by side, and beside everything else. stop ends it, and returns when it has ended.
func (l *lifecycle) open(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		began := time.Now()
		var openers sync.WaitGroup
		for _, open := range l.openers.all() {
			openers.Go(func() {
				if err := open(ctx); err != nil {
					l.logger.Debug("No connection opened", zap.Error(err))
				}
			})
		}
		openers.Wait()
		if ctx.Err() == nil {
			l.policyLock.Lock()
			defer l.policyLock.Unlock()
			l.policy.Opened(time.Since(began))
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// flush flushes all buffers side by side, so that one slow backend does not hold back the others, and reports whether
// everything has left.
func (l *lifecycle) flush(ctx context.Context) bool {
	l.release()
	ctx, cancel := context.WithTimeout(ctx, l.cfg.FlushTimeout)
	defer cancel()
	began := time.Now()
	var failed atomic.Bool
	var wg sync.WaitGroup
	for _, flush := range l.flushers.all() {
		wg.Go(func() {
			// What could not leave stays in its buffer, which reports it.
			if err := flush(ctx); err != nil {
				failed.Store(true)
				l.logger.Debug("Flush incomplete", zap.Error(err))
			}
		})
	}
	wg.Wait()
	l.noteFlush(time.Since(began), !failed.Load())
	return !failed.Load()
}

// flushByTimer flushes at regular intervals, and when it is asked to, until ctx is done.
func (l *lifecycle) flushByTimer(ctx context.Context) {
	continuous := *l.cfg
	continuous.Policy = flushpolicy.Continuous
	ticker := time.NewTicker(continuous.policy().Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-l.requests:
		case <-ctx.Done():
			return
		}
		l.flush(ctx)
	}
}
