// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package awake measures the time in which the execution environment is not frozen. What is bounded by the time of the
// wall may be out of time at the thaw, with the answer that it waits for in the socket; and between short invocations it
// always is.
package awake

import (
	"context"
	"time"
)

// tick is how exactly time is measured: what is left of one at a freeze is not counted. A ticker does not make up for the
// ticks that it has missed.
const tick = 100 * time.Millisecond

// Budget is time to be spent awake, in all. It is used by one goroutine at a time.
type Budget struct {
	left time.Duration
}

// NewBudget returns a budget of d.
func NewBudget(d time.Duration) *Budget { return &Budget{left: d} }

// Spend returns a context that ends when the budget is spent, with the cause context.DeadlineExceeded. stop ends the
// spending, and must be called; what is left can be spent later.
func (b *Budget) Spend(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		begun := time.Now()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for b.left > 0 {
			select {
			case <-ticker.C:
				b.left -= tick
				begun = time.Now()
			case <-ctx.Done():
				b.left -= min(time.Since(begun), tick)
				return
			}
		}
		cancel(context.DeadlineExceeded)
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}
