// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package otlpbackend is an OTLP backend for tests and the demo. It serves OTLP/gRPC and OTLP/HTTP (protobuf and JSON)
// on two free ports of 127.0.0.1, remembers every request and every item that it accepted, and misbehaves on demand:
// see Fault for what a request can meet, and the methods of Backend for what a connection can.
//
//	backend, err := otlpbackend.Start(otlpbackend.Config{AuthToken: "secret"})
//	defer backend.Close()
//	// … point something at backend.HTTPEndpoint() or backend.GRPCEndpoint() …
//	err = backend.WaitFor(ctx, func(b *otlpbackend.Backend) bool { return b.Counts().Logs == 3 })
package otlpbackend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// Config is what a backend is started with. The zero value accepts everything.
type Config struct {
	// AuthToken must be the whole value of the authorization header or metadata of every request: no scheme is
	// implied, as at ClickStack, whose bearertokenauth runs with an empty scheme. Other requests get HTTP 401 or
	// gRPC Unauthenticated. Default: no authentication. SetAuthToken changes it.
	AuthToken string
}

// Backend is a running backend. All its methods may be called from several goroutines.
type Backend struct {
	token  atomic.Pointer[string]
	store  *store
	faults faults
	conns  connections

	ctx    context.Context // ends when the backend closes: releases the requests that hang
	cancel context.CancelFunc

	grpcServer  *grpc.Server
	httpServer  *http.Server
	grpcAddress string
	httpAddress string

	mu        sync.Mutex
	listeners []net.Listener // none while the backend refuses connections
	closed    bool
	serving   sync.WaitGroup
}

// Start starts a backend. It listens when Start returns.
func Start(config Config) (*Backend, error) {
	ctx, cancel := context.WithCancel(context.Background())
	b := &Backend{store: newStore(), ctx: ctx, cancel: cancel}
	b.SetAuthToken(config.AuthToken)
	b.grpcServer = b.newGRPCServer()
	b.httpServer = b.newHTTPServer()
	if err := b.listen("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		cancel()
		return nil, err
	}
	b.grpcAddress = b.listeners[0].Addr().String()
	b.httpAddress = b.listeners[1].Addr().String()
	return b, nil
}

// Close stops the backend, closes its connections and ends the requests that hang. What was received stays readable.
func (b *Backend) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.Refuse()
	_ = b.httpServer.Close() // the listeners are closed already: nothing else can fail
	b.conns.each(conn.destroy)
	b.grpcServer.Stop()
}

// GRPCEndpoint is the OTLP/gRPC address, "127.0.0.1:port".
func (b *Backend) GRPCEndpoint() string { return b.grpcAddress }

// HTTPEndpoint is the OTLP/HTTP base URL, "http://127.0.0.1:port": exporters add /v1/logs and the like.
func (b *Backend) HTTPEndpoint() string { return "http://" + b.httpAddress }

// SetAuthToken changes what requests must bring along from now on: see Config.
func (b *Backend) SetAuthToken(token string) { b.token.Store(&token) }

// Refuse closes the listeners: new connections are refused, those that are open live on.
func (b *Backend) Refuse() {
	b.mu.Lock()
	for _, l := range b.listeners {
		_ = l.Close() // only ever closed here, once
	}
	b.listeners = nil
	b.mu.Unlock()
	b.serving.Wait()
}

// Accept ends a Refuse: it listens again, on the same ports. Another socket may have been given one of them meanwhile:
// it is waited for.
func (b *Backend) Accept() error {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := b.listen(b.grpcAddress, b.httpAddress)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(began) > portPatience {
			return err
		}
	}
}

// portPatience is how long a short-lived connection may hold the port of a backend that is down.
const portPatience = 10 * time.Second

// CloseConnections closes every open connection in an orderly way (TCP FIN), as a server does with idle ones.
func (b *Backend) CloseConnections() { b.conns.each(conn.destroy) }

// ResetConnections resets every open connection (TCP RST).
func (b *Backend) ResetConnections() { b.conns.each(conn.reset) }

// BlackHole makes every connection that is open now a dead one, as a firewall does that forgot it: it stays open, but
// nothing is read from it or answered any more. New connections work.
func (b *Backend) BlackHole() { b.conns.each(conn.blackHole) }

// listen opens both listeners, or none, and serves them.
func (b *Backend) listen(grpcAddress, httpAddress string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errors.New("backend is closed: start a new one")
	}
	if b.listeners != nil {
		return nil
	}
	grpcListener, err := net.Listen("tcp", grpcAddress)
	if err != nil {
		return fmt.Errorf("listen for OTLP/gRPC: %w", err)
	}
	httpListener, err := net.Listen("tcp", httpAddress)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for OTLP/HTTP: %w", err), grpcListener.Close())
	}
	b.listeners = []net.Listener{grpcListener, httpListener}
	// Serve ends with an error whenever its listener is closed, which is what Refuse does: nothing to report.
	b.serving.Go(func() { _ = b.grpcServer.Serve(b.conns.track(grpcListener)) })
	b.serving.Go(func() { _ = b.httpServer.Serve(b.conns.track(httpListener)) })
	return nil
}
