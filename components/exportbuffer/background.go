// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync"
	"time"
)

const (
	// backgroundEvery is how often the background flushes.
	backgroundEvery = time.Second
	// backgroundTime bounds a flush in the background. Whoever calls Flush meanwhile ends it earlier.
	backgroundTime = 30 * time.Second
)

// background flushes where no extension decides when to: by timer, and when a full request has come in since the last
// flush. It never begins while another flush is in progress.
type background struct {
	wake   chan struct{}
	halt   chan struct{}
	cancel context.CancelFunc // nil until started
	wg     sync.WaitGroup
}

func newBackground() background {
	return background{wake: make(chan struct{}, 1), halt: make(chan struct{})}
}

// start begins flushing.
func (g *background) start(ready func() bool, flush func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.wg.Go(func() {
		ticker := time.NewTicker(backgroundEvery)
		defer ticker.Stop()
		for {
			select {
			case <-g.halt:
				return
			case <-ticker.C:
			case <-g.wake:
				if !ready() {
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

// stop makes the current flush, if there is one, the last.
func (g *background) stop() { close(g.halt) }

// wait ends the current flush and waits for it; the flush sees to it that this is short.
func (g *background) wait() {
	if g.cancel != nil {
		g.cancel()
	}
	g.wg.Wait()
}
