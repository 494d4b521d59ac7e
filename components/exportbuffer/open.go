// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"time"
)

// openAhead is how long before a connection is not trusted any more another one is opened: an invocation that is not
// long ends in this time.
const openAhead = time.Second

// opener is a registrar that tells when there is time to open connections before they are needed.
type opener interface {
	RegisterOpener(open func(context.Context) error) (unregister func())
}

// Open makes the next flush find a connection: if there is none that is trusted, it sends an empty request. A flush may
// begin meanwhile, and does not wait for it. When Open returns, that call of the exporter is not in flight any more.
//
// Empty requests are for OTLP only, of which it is known that they do no harm: its specification has servers answer
// them with success. What comes of one is no news of the backend: nothing was to be delivered.
func (b *buffer[T]) Open(ctx context.Context) error {
	if !speaksOTLP(b.factory.Type().String()) {
		return nil
	}
	return bounded(ctx, func(ctx context.Context) error {
		if !b.prepareToOpen(ctx) {
			return nil
		}
		return b.inner.Load().consume(ctx, b.sig.empty())
	})
}

// speaksOTLP reports whether an exporter of this type does. One that is not listed opens its connections itself.
func speaksOTLP(exporterType string) bool {
	return exporterType == "otlp_grpc" || exporterType == "otlp_http"
}

// prepareToOpen renews an exporter whose connections are presumed dead, and reports whether one should be opened: not
// beside a flush, which does it, not to a backend that fails, and not a second time for nothing.
func (b *buffer[T]) prepareToOpen(ctx context.Context) bool {
	b.mu.Lock()
	if b.run != nil || b.down {
		b.mu.Unlock()
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{cancel: cancel, done: make(chan struct{})}
	b.run = r // which the connection belongs to
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.run = nil
		close(r.done)
	}()
	stale := b.connection.presumedDead(b.env.now().Add(openAhead))
	accepted := b.report.snapshot().Accepted
	if !b.isStarted() || b.breaker.state() != closed || b.connection.used && !stale || b.opened && accepted == b.openedAt {
		return false
	}
	b.opened, b.openedAt = true, accepted
	return !stale || b.renew(ctx)
}
