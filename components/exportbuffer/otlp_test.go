// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // as servers do
	"google.golang.org/grpc/status"
)

// backend is what arrived at a server, and the answers of that server.
type backend struct {
	mu      sync.Mutex
	arrived []string
	// fault is asked before anything is recorded. It answers with a status code of HTTP or gRPC; 0 accepts.
	fault func(request int, ctx context.Context, ld plog.Logs) (httpStatus int, grpcStatus error)
	n     int
	// rejects is how many records every answer says were not accepted.
	rejects int64
}

func (b *backend) handle(ctx context.Context, ld plog.Logs) (int, error) {
	b.mu.Lock()
	b.n++
	n, fault := b.n, b.fault
	b.mu.Unlock()
	if fault != nil {
		if code, err := fault(n, ctx, ld); code != 0 || err != nil {
			return code, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrived = append(b.arrived, bodies(ld)...)
	return 0, nil
}

func (b *backend) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.arrived...)
}

func (b *backend) requests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

func (b *backend) response() plogotlp.ExportResponse {
	response := plogotlp.NewExportResponse()
	if b.rejects > 0 {
		response.PartialSuccess().SetRejectedLogRecords(b.rejects)
		response.PartialSuccess().SetErrorMessage("too old")
	}
	return response
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		body = unzipped
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request := plogotlp.NewExportRequest()
	if request.UnmarshalProto(raw) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	code, err := b.handle(r.Context(), request.Logs())
	switch {
	case err != nil: // no answer at all
		panic(http.ErrAbortHandler)
	case code == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "3600")
		fallthrough
	case code != 0:
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	answer, _ := b.response().MarshalProto()
	_, _ = w.Write(answer)
}

type grpcBackend struct {
	plogotlp.UnimplementedGRPCServer
	*backend
}

func (b grpcBackend) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	if _, err := b.handle(ctx, request.Logs()); err != nil {
		return plogotlp.NewExportResponse(), err
	}
	return b.response(), nil
}

// httpExporter returns a buffer in front of a stock otlp_http exporter that sends to b.
func httpExporter(t testing.TB, b *backend, env environment, set exporter.Settings) (logsExporter, *httptest.Server) {
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	factory := wrap(otlphttpexporter.NewFactory(), env)
	cfg := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = server.URL
	return start(t, factory, cfg, set), server
}

// grpcExporter returns a buffer in front of a stock otlp_grpc exporter that sends to b.
func grpcExporter(t testing.TB, b *backend, env environment, set exporter.Settings) logsExporter {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	plogotlp.RegisterGRPCServer(server, &grpcBackend{backend: b})
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { server.Stop(); wg.Wait() })
	factory := wrap(otlpexporter.NewFactory(), env)
	cfg := factory.CreateDefaultConfig().(*otlpexporter.Config)
	cfg.ClientConfig.Endpoint = listener.Addr().String()
	cfg.ClientConfig.TLS = configtls.ClientConfig{Insecure: true}
	return start(t, factory, cfg, set)
}

func start(t testing.TB, factory exporter.Factory, cfg component.Config, set exporter.Settings) logsExporter {
	set.ID = component.NewID(factory.Type())
	e, err := factory.CreateLogs(context.Background(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), newHost(&lifecycle{})))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		assert.NoError(t, e.Shutdown(ctx))
	})
	return e.(logsExporter)
}

func nopSettings() exporter.Settings { return exportertest.NewNopSettings(fakeType) }

// each runs a test with a real exporter of both protocols.
func each(t *testing.T, b func() *backend, test func(t *testing.T, e logsExporter, b *backend, c *clock)) {
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		env, c := testEnvironment(32 * mebibyte)
		b := b()
		e, _ := httpExporter(t, b, env, nopSettings())
		test(t, e, b, c)
	})
	t.Run("grpc", func(t *testing.T) {
		t.Parallel()
		env, c := testEnvironment(32 * mebibyte)
		b := b()
		test(t, grpcExporter(t, b, env, nopSettings()), b, c)
	})
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	time.AfterFunc(d+time.Second, cancel)
	return ctx
}

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
				err := e.Flush(within(10 * time.Second))
				assert.Less(t, time.Since(begin), 5*time.Second, "never slept")
				assert.Equal(t, 1, b.requests(), "no storm")
				failing.Store(false)
				if test.dropped {
					require.NoError(t, err)
					assert.Equal(t, map[Reason]int64{Rejected: 2}, e.Stats().Dropped)
					return
				}
				require.Error(t, err)
				c.advance(time.Minute)
				require.NoError(t, e.Flush(within(10*time.Second)))
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
		require.NoError(t, e.Flush(within(10*time.Second)))
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
	require.NoError(t, e.Flush(within(30*time.Second)))
	assertSame(t, padded(0, 12_000, 1000), b.all())
	assert.Equal(t, map[Reason]int64{TooLarge: 1}, e.Stats().Dropped, "a record above 4 MiB")
}

func TestPartialSuccessIsCounted(t *testing.T) {
	t.Parallel()
	each(t, func() *backend { return &backend{rejects: 1} }, func(t *testing.T, e logsExporter, _ *backend, _ *clock) {
		accept(t, e, "a", "b", "c")
		require.NoError(t, e.Flush(within(10*time.Second)))
		stats := e.Stats()
		assert.Equal(t, int64(2), stats.Delivered)
		assert.Equal(t, map[Reason]int64{PartialSuccess: 1}, stats.Dropped)
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
		assert.Equal(t, tripAfter, b.requests(), "then the breaker is open")
		hang.Store(false)
		c.advance(time.Minute)
		require.NoError(t, e.Flush(within(10*time.Second)))
		assert.Equal(t, []string{"0", "1", "2", "3", "4"}, b.all())
	})
}

func TestClosedAndResetConnections(t *testing.T) {
	t.Parallel()
	b := &backend{}
	env, _ := testEnvironment(mebibyte)
	e, server := httpExporter(t, b, env, nopSettings())
	accept(t, e, "0")
	require.NoError(t, e.Flush(within(10*time.Second)))

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
	require.NoError(t, e.Flush(within(10*time.Second)))

	// All connections die between two flushes.
	server.CloseClientConnections()
	accept(t, e, "2")
	require.NoError(t, e.Flush(within(10*time.Second)))
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
		require.NoError(t, e.Flush(within(10*time.Second)))
		c.advance(staleAfter)
	}
	assert.Equal(t, int64(10), total.Load())
	require.Eventually(t, func() bool { return open.Load() == 1 }, 5*time.Second, time.Millisecond)
	require.NoError(t, e.Shutdown(context.Background()))
	require.Eventually(t, func() bool { return open.Load() == 0 }, 5*time.Second, time.Millisecond)
}

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
			require.NoError(t, e.Flush(within(10*time.Second)))
			hole.swallow.Store(1)
			c.advance(10 * time.Minute)
			accept(t, e, "after")
			require.NoError(t, e.Flush(within(10*time.Second)))
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
	require.Eventually(t, func() bool { return settled(before + 5) }, 10*time.Second, 10*time.Millisecond,
		"%d goroutines before", before)
	require.Eventually(t, func() bool { return e.Stats().QueuedRecords == 200 }, 10*time.Second, 10*time.Millisecond)
}

func TestWrapKeepsTheFactory(t *testing.T) {
	t.Parallel()
	budget := NewBudget(mebibyte)
	for _, f := range []exporter.Factory{
		otlpexporter.NewFactory(), otlphttpexporter.NewFactory(), debugexporter.NewFactory(), nopexporter.NewFactory(),
	} {
		wrapped := Wrap(f, budget)
		assert.Equal(t, f.Type(), wrapped.Type())
		assert.Equal(t, f.(aliased).DeprecatedAlias(), wrapped.(aliased).DeprecatedAlias())
		_, inner := f.(xexporter.Factory)
		_, outer := wrapped.(xexporter.Factory)
		assert.Equal(t, inner, outer)
	}
	// An exporter under its older name.
	http := Wrap(otlphttpexporter.NewFactory(), budget)
	cfg := http.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = "http://localhost:4318"
	set := exportertest.NewNopSettings(http.(aliased).DeprecatedAlias())
	e, err := http.CreateTraces(context.Background(), set, cfg)
	require.NoError(t, err)
	assert.True(t, e.Capabilities().MutatesData)
	require.NoError(t, e.Shutdown(context.Background()))

	_, err = Wrap(exporter.NewFactory(fakeType, func() component.Config { return nil }), budget).
		CreateTraces(context.Background(), exportertest.NewNopSettings(fakeType), nil)
	require.Error(t, err)
}

func TestAllSignals(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	paths := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths[r.URL.Path]++
	}))
	t.Cleanup(server.Close)
	env, _ := testEnvironment(mebibyte)
	factory := wrap(otlphttpexporter.NewFactory(), env)
	cfg := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = server.URL
	set := exportertest.NewNopSettings(factory.Type())
	ctx := context.Background()

	traces, err := factory.CreateTraces(ctx, set, cfg)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(ctx, set, cfg)
	require.NoError(t, err)
	l := &lifecycle{}
	require.NoError(t, traces.Start(ctx, newHost(l)))
	require.NoError(t, metrics.Start(ctx, newHost(l)))

	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("span")
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptySum().DataPoints().AppendEmpty()
	require.NoError(t, traces.ConsumeTraces(ctx, td))
	require.NoError(t, metrics.ConsumeMetrics(ctx, md))
	require.NoError(t, metrics.ConsumeMetrics(ctx, pmetric.NewMetrics()))
	require.NoError(t, traces.Shutdown(ctx))
	require.NoError(t, metrics.Shutdown(ctx))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]int{"/v1/traces": 1, "/v1/metrics": 1}, paths)
}

func TestInnerLogIsQuiet(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.InfoLevel)
	set := nopSettings()
	set.Logger = zap.New(core)
	b := &backend{rejects: 1, fault: func(n int, _ context.Context, _ plog.Logs) (int, error) {
		if n == 1 {
			return 503, nil
		}
		return 0, nil
	}}
	env, _ := testEnvironment(mebibyte)
	e, _ := httpExporter(t, b, env, set)
	accept(t, e, "a", "b")
	require.Error(t, e.Flush(within(10*time.Second)))
	assert.Zero(t, lines.Len(), "a failure that the next flush makes good: %v", lines.All())
	require.NoError(t, e.Flush(within(10*time.Second)))
	require.Equal(t, 1, lines.Len(), "%v", lines.All())
	assert.Contains(t, lines.All()[0].Message, "1 dropped (partial_success)")
}
