// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
)

// transports gives access to the connection pools of an exporter's HTTP clients. The stock exporters do not close
// theirs, neither when they are shut down nor when they are renewed: the connections would stay for the 90 s of the
// default idle timeout.
//
// It is an HTTP client middleware, which changes nothing, because those are given the transport.
type transports struct {
	component.StartFunc
	component.ShutdownFunc

	mu    sync.Mutex
	pools []interface{ CloseIdleConnections() }
}

// GetHTTPRoundTripper implements the extension that an HTTP client looks for.
func (t *transports) GetHTTPRoundTripper(context.Context) (func(context.Context, http.RoundTripper) (http.RoundTripper, error), error) {
	return func(_ context.Context, transport http.RoundTripper) (http.RoundTripper, error) {
		if pool, ok := transport.(interface{ CloseIdleConnections() }); ok {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.pools = append(t.pools, pool)
		}
		return transport, nil
	}, nil
}

// close closes the connections that are not in use; those in use are closed after it.
func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, pool := range t.pools {
		pool.CloseIdleConnections()
	}
	t.pools = nil
}

// transportsID is the name under which an HTTP client finds its transports: not one that a user may give.
func transportsID() component.ID {
	return component.NewIDWithName(component.MustNewType("exportbuffer"), "transports")
}

// exposeTransport makes an HTTP client use transports. The middleware at the end of the list gets the transport
// itself. It may be called again.
func exposeTransport(client *confighttp.ClientConfig) {
	last := configmiddleware.Config{ID: transportsID()}
	if !slices.Contains(client.Middlewares, last) {
		client.Middlewares = append(slices.Clip(client.Middlewares), last)
	}
}

// exposing is an exporter that leaves no connections behind.
type exposing struct {
	component.Component
	transports transports
}

func (e *exposing) Start(ctx context.Context, host component.Host) error {
	return e.Component.Start(ctx, extended(host, map[component.ID]component.Component{transportsID(): &e.transports}))
}

func (e *exposing) Shutdown(ctx context.Context) error {
	err := e.Component.Shutdown(ctx)
	e.transports.close()
	return err
}
