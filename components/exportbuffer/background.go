// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync"
	"time"
)

// backgroundTime bounds a flush in the background. Whoever calls Flush meanwhile ends it earlier.
const backgroundTime = 30 * time.Second

// background flushes while nobody asks for it: when a full request has come in since the last flush, so that a long
// invocation does not fill the buffer, and, where no extension decides when to flush, by timer. It never begins while
// another flush is in progress, so that nothing is in flight after that one unless a full request comes in.
type background struct {
	wake   chan struct{}
	halt   chan struct{}
	cancel context.CancelFunc // nil until started
	wg     sync.WaitGroup
}

func newBackground() background {
	return background{wake: make(chan struct{}, 1), halt: make(chan struct{})}
}

// start begins flushing every so often, or only when woken up if every is 0.
func (g *background) start(every time.Duration, full func() bool, flush func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.wg.Go(func() {
		var tick <-chan time.Time
		if every > 0 {
			ticker := time.NewTicker(every)
			defer ticker.Stop()
			tick = ticker.C
		}
		for {
			select {
			case <-g.halt:
				return
			case <-tick:
			case <-g.wake:
				if !full() {
					continue
				}
			}
			bounded, cancel := context.WithTimeout(ctx, backgroundTime)
			flush(bounded)
			cancel()
		}
	})
}

func (g *background) wakeUp() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// stop makes the current flush, if there is one, the last. It returns false if start was not called.
func (g *background) stop() bool {
	close(g.halt)
	return g.cancel != nil
}

// wait ends the current flush and waits for it; the flush sees to it that this is short.
func (g *background) wait() {
	g.cancel()
	g.wg.Wait()
}
