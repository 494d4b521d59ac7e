// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // as servers do
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
	cfg.ClientConfig.Timeout = time.Minute // the machine may be busy
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
	cfg.TimeoutConfig.Timeout = time.Minute
	cfg.ClientConfig.TLS = configtls.ClientConfig{Insecure: true}
	return start(t, factory, cfg, set)
}

func start(t testing.TB, factory exporter.Factory, cfg component.Config, set exporter.Settings) logsExporter {
	set.ID = component.NewID(factory.Type())
	e, err := factory.CreateLogs(context.Background(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), newHost(&lifecycle{})))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(within(time.Minute))) })
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
