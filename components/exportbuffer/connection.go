// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// staleAfter is how long a connection may have been unused, freezes included, before it is presumed dead. Load
// balancers and servers close or forget idle connections after a minute or a few, some earlier; a new connection costs
// a handshake, which an environment that is invoked more often than this should not pay every time.
const staleAfter = 30 * time.Second

// connection is what is known about the connections of the exporter in use.
type connection struct {
	used    bool      // they have worked
	suspect bool      // they have failed since
	alive   time.Time // when a backend last answered on them, or else when they could have been made
}

// presumedDead says that the exporter should be renewed before it is used. One that was never used may have connected
// all the same, when it was started: gRPC does.
func (c *connection) presumedDead(now time.Time) bool {
	return c.suspect || now.Sub(c.alive) >= staleAfter
}

func (c *connection) note(res *result, now time.Time) {
	if res.answered || (res.err != nil && isAnswer(res.err)) {
		c.used, c.suspect, c.alive = true, false, now
	}
	if res.err != nil && !isAnswer(res.err) {
		c.suspect = true
	}
}

// worthAnother says that a failure may be that of a connection which died in a freeze: one that had worked.
func (c *connection) worthAnother(res *result) bool {
	return res.err != nil && c.suspect && c.used
}

// renew replaces the exporter by a new one, which has no connections yet: the pools of the old one, and the delays
// before it connects again, go with it. It returns false if that is not possible; the old one then stays.
func (b *buffer[T]) renew(ctx context.Context) bool {
	return b.renewable && b.isStarted() && b.replace(ctx, b.cfg, b.host)
}

// startNew creates and starts an exporter.
func (b *buffer[T]) startNew(ctx context.Context, cfg component.Config, host component.Host) (inner[T], error) {
	if err := b.breaker.circuit.lock(ctx); err != nil {
		return inner[T]{}, err
	}
	defer b.breaker.circuit.unlock()
	fresh, err := b.sig.create(ctx, b.factory, b.set, cfg)
	if err == nil {
		if err = fresh.Start(ctx, host); err != nil {
			_ = fresh.Shutdown(ctx)
		}
	}
	return fresh, err
}

// replace replaces the exporter by one of the given configuration.
func (b *buffer[T]) replace(ctx context.Context, cfg component.Config, host component.Host) bool {
	fresh, err := b.startNew(ctx, cfg, host)
	if err != nil {
		b.set.Logger.Debug("cannot renew the exporter", zap.Error(err))
		return false
	}
	b.cfg, b.host = cfg, host
	b.swap(ctx, &fresh)
	b.starting.Store(nil)
	b.connection = connection{alive: b.env.now()}
	return true
}

// swap puts an exporter that has started in the place of another.
func (b *buffer[T]) swap(ctx context.Context, fresh *inner[T]) {
	old := b.inner.Swap(fresh)
	if err := old.Shutdown(ctx); err != nil {
		b.set.Logger.Debug("shutting down the exporter that was replaced", zap.Error(err))
	}
}
