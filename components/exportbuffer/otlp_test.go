// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestStatusCodes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		http    int
		grpc    error
		dropped bool
	}{
		"400": {http: 400, grpc: status.Error(codes.InvalidArgument, "no"), dropped: true},
		"401": {http: 401, grpc: status.Error(codes.Unauthenticated, "no"), dropped: true},
		"403": {http: 403, grpc: status.Error(codes.PermissionDenied, "no"), dropped: true},
		"404": {http: 404, grpc: status.Error(codes.Unimplemented, "no"), dropped: true},
		"500": {http: 500, grpc: status.Error(codes.Internal, "no"), dropped: true},
		"429": {http: 429, grpc: status.Error(codes.Aborted, "no")},
		"503": {http: 503, grpc: status.Error(codes.Unavailable, "no")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func() *backend { return &backend{} }, func(t *testing.T, e logsExporter, b *backend, c *clock) {
				var failing atomic.Bool
				failing.Store(true)
				b.fault = func(int, context.Context, plog.Logs) (int, error) {
					switch {
					case !failing.Load():
						return 0, nil
					case strings.HasSuffix(t.Name(), "http"):
						return test.http, nil
					default:
						return 0, test.grpc
					}
				}
				accept(t, e, "a", "b")
				begin := time.Now()
				err := e.Flush(within(time.Minute))
				assert.Less(t, time.Since(begin), 5*time.Second, "never slept")
				assert.Equal(t, 1, b.requests(), "no storm")
				failing.Store(false)
				if test.dropped {
					require.NoError(t, err)
					assert.Equal(t, map[dropReason]int64{reasonRejected: 2}, e.counters().Dropped)
					return
				}
				require.Error(t, err)
				c.advance(2 * maxPatience)
				require.NoError(t, e.Flush(within(time.Minute)))
				assert.Equal(t, []string{"a", "b"}, b.all())
			})
		})
	}
}

func TestTooLargeForTheServer(t *testing.T) {
	t.Parallel()
	each(t, func() *backend { return &backend{} }, func(t *testing.T, e logsExporter, b *backend, _ *clock) {
		b.fault = func(_ int, _ context.Context, ld plog.Logs) (int, error) {
			if logsSignal().size(ld) > mebibyte {
				return 413, status.Error(codes.ResourceExhausted, "grpc: received message larger than max (2 vs. 1)")
			}
			return 0, nil
		}
		if strings.HasSuffix(t.Name(), "http") {
			grpcFault := b.fault
			b.fault = func(n int, ctx context.Context, ld plog.Logs) (int, error) {
				code, _ := grpcFault(n, ctx, ld)
				return code, nil
			}
		}
		accept(t, e, padded(0, 3000, 1000)...)
		require.NoError(t, e.Flush(within(time.Minute)))
		assertSame(t, padded(0, 3000, 1000), b.all())
	})
}

func TestServersRealMessageLimit(t *testing.T) {
	t.Parallel()
	b := &backend{}
	env, _ := testEnvironment(64 * mebibyte)
	e := grpcExporter(t, b, env, nopSettings())
	accept(t, e, padded(0, 12_000, 1000)...)
	accept(t, e, padded(12_000, 1, 5*mebibyte)...)
	require.NoError(t, e.Flush(within(time.Minute)))
	assertSame(t, padded(0, 12_000, 1000), b.all())
	assert.Equal(t, map[dropReason]int64{reasonTooLarge: 1}, e.counters().Dropped, "a record above 4 MiB")
}

func TestPartialSuccessIsCounted(t *testing.T) {
	t.Parallel()
	each(t, func() *backend { return &backend{rejects: 1} }, func(t *testing.T, e logsExporter, _ *backend, _ *clock) {
		accept(t, e, "a", "b", "c")
		require.NoError(t, e.Flush(within(time.Minute)))
		stats := e.counters()
		assert.Equal(t, int64(2), stats.Delivered)
		assert.Equal(t, map[dropReason]int64{reasonPartialSuccess: 1}, stats.Dropped)
	})
}

func TestHangThenRecovery(t *testing.T) {
	t.Parallel()
	each(t, func() *backend { return &backend{} }, func(t *testing.T, e logsExporter, b *backend, c *clock) {
		var hang atomic.Bool
		hang.Store(true)
		b.fault = func(_ int, ctx context.Context, _ plog.Logs) (int, error) {
			if hang.Load() {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return 0, nil
		}
		for i := range 5 {
			accept(t, e, fmt.Sprint(i))
			begin := time.Now()
			require.Error(t, e.Flush(within(150*time.Millisecond)))
			assert.Less(t, time.Since(begin), 150*time.Millisecond+leaveAfter+time.Second)
		}
		assert.Equal(t, open, e.breaker.state())
		assert.LessOrEqual(t, b.requests(), TripAfter, "as many as could be sent in time")
		hang.Store(false)
		c.advance(time.Minute)
		require.NoError(t, e.Flush(within(time.Minute)))
		assert.Equal(t, []string{"0", "1", "2", "3", "4"}, b.all())
	})
}

func TestClosedAndResetConnections(t *testing.T) {
	t.Parallel()
	b := &backend{}
	env, _ := testEnvironment(mebibyte)
	e, server := httpExporter(t, b, env, nopSettings())
	accept(t, e, "0")
	require.NoError(t, e.Flush(within(time.Minute)))

	// The connection dies under the next request, before it is recorded.
	b.mu.Lock()
	b.fault = func(n int, _ context.Context, _ plog.Logs) (int, error) {
		if n == 2 {
			return 0, os.ErrClosed
		}
		return 0, nil
	}
	b.mu.Unlock()
	accept(t, e, "1")
	require.NoError(t, e.Flush(within(time.Minute)))

	// All connections die between two flushes.
	server.CloseClientConnections()
	accept(t, e, "2")
	require.NoError(t, e.Flush(within(time.Minute)))
	assert.Equal(t, []string{"0", "1", "2"}, b.all())
}

func TestNoConnectionsAreLeftBehind(t *testing.T) {
	t.Parallel()
	var open, total atomic.Int64
	server := httptest.NewUnstartedServer(&backend{})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
			total.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	env, c := testEnvironment(mebibyte)
	factory := wrap(otlphttpexporter.NewFactory(), env)
	cfg := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = server.URL
	e := start(t, factory, cfg, nopSettings())
	for range 10 {
		accept(t, e, "a")
		require.NoError(t, e.Flush(within(time.Minute)))
		c.advance(staleAfter)
	}
	assert.Equal(t, int64(10), total.Load())
	require.Eventually(t, func() bool { return open.Load() == 1 }, 5*time.Second, time.Millisecond)
	require.NoError(t, e.Shutdown(context.Background()))
	require.Eventually(t, func() bool { return open.Load() == 0 }, 5*time.Second, time.Millisecond)
}
