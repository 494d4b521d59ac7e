// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"net"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
)

// blackHole forwards connections until it is told to swallow what it gets on those that exist.
type blackHole struct {
	listener net.Listener
	swallow  atomic.Int64 // connections up to this number
	wg       sync.WaitGroup
	mu       sync.Mutex
	open     []net.Conn
}

func newBlackHole(t *testing.T, target string) *blackHole {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &blackHole{listener: listener}
	h.wg.Go(func() {
		for n := int64(1); ; n++ {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				from.Close()
				return
			}
			h.mu.Lock()
			h.open = append(h.open, from, to)
			h.mu.Unlock()
			h.wg.Go(func() { h.pipe(n, to, from) })
			h.wg.Go(func() { h.pipe(n, from, to) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		h.mu.Lock()
		for _, c := range h.open {
			c.Close()
		}
		h.mu.Unlock()
		h.wg.Wait()
	})
	return h
}

func (h *blackHole) pipe(n int64, to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		got, err := from.Read(buf)
		if err != nil {
			to.Close()
			return
		}
		if n <= h.swallow.Load() {
			continue
		}
		if _, err := to.Write(buf[:got]); err != nil {
			return
		}
	}
}

func TestBlackHoledConnectionAfterALongFreeze(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http", "http2", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			b := &backend{}
			env, c := testEnvironment(mebibyte)
			var hole *blackHole
			var e logsExporter
			if protocol == "grpc" {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				server := grpc.NewServer()
				plogotlp.RegisterGRPCServer(server, &grpcBackend{backend: b})
				var wg sync.WaitGroup
				wg.Go(func() { _ = server.Serve(listener) })
				t.Cleanup(func() { server.Stop(); wg.Wait() })
				hole = newBlackHole(t, listener.Addr().String())
				factory := wrap(otlpexporter.NewFactory(), env)
				cfg := factory.CreateDefaultConfig().(*otlpexporter.Config)
				cfg.ClientConfig.Endpoint = hole.listener.Addr().String()
				cfg.ClientConfig.TLS = configtls.ClientConfig{Insecure: true}
				e = start(t, factory, cfg, nopSettings())
			} else {
				server := httptest.NewUnstartedServer(b)
				server.EnableHTTP2 = protocol == "http2"
				scheme := "http://"
				if server.EnableHTTP2 {
					server.StartTLS()
					scheme = "https://"
				} else {
					server.Start()
				}
				t.Cleanup(server.Close)
				hole = newBlackHole(t, server.Listener.Addr().String())
				factory := wrap(otlphttpexporter.NewFactory(), env)
				cfg := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
				cfg.ClientConfig.Endpoint = scheme + hole.listener.Addr().String()
				cfg.ClientConfig.TLS.InsecureSkipVerify = true
				e = start(t, factory, cfg, nopSettings())
			}
			accept(t, e, "before")
			require.NoError(t, e.Flush(within(time.Minute)))
			hole.swallow.Store(1)
			c.advance(10 * time.Minute)
			accept(t, e, "after")
			require.NoError(t, e.Flush(within(time.Minute)))
			assert.Equal(t, []string{"before", "after"}, b.all())
		})
	}
}

func TestGoroutinesAfterCancelledFlushes(t *testing.T) {
	b := &backend{fault: func(_ int, ctx context.Context, _ plog.Logs) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}}
	env, c := testEnvironment(8 * mebibyte)
	e, _ := httpExporter(t, b, env, nopSettings()) // gzip by default
	accept(t, e, padded(0, 200, 1000)...)
	flush := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
		defer cancel()
		require.Error(t, e.Flush(ctx))
		c.advance(time.Minute) // past the open breaker
	}
	for range 20 {
		flush()
	}
	settled := func(limit int) bool { return runtime.NumGoroutine() <= limit }
	require.Eventually(t, func() bool { return settled(60) }, 10*time.Second, 10*time.Millisecond)
	before := runtime.NumGoroutine()
	for range 200 {
		flush()
	}
	// One connection, with two goroutines at either end, may be there or not; 200 would be hundreds.
	require.Eventually(t, func() bool { return settled(before + 20) }, 10*time.Second, 10*time.Millisecond,
		"%d goroutines before", before)
	require.Eventually(t, func() bool { return e.counters().QueuedRecords == 200 }, 10*time.Second, 10*time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = nil // for the shutdown
}
