// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
)

func TestAuthorization(t *testing.T) {
	t.Parallel()
	b := start(t, Config{AuthToken: "secret"})
	for _, token := range []string{"", "Bearer secret", "secret ", "Secret"} {
		for _, client := range []client{grpcClient(t, b, token), httpClient(t, b, token)} {
			if client.name == "http" && token == "secret " {
				continue // HTTP trims the white space around header values
			}
			_, err := client.export(within(t, patience), logsOf("x"))
			requireStatus(t, err, http.StatusUnauthorized, codes.Unauthenticated)
		}
	}
	for _, outcome := range outcomes(b) {
		assert.Equal(t, Unauthenticated, outcome)
	}
	assert.Zero(t, b.Counts().Logs)
	for _, client := range []client{grpcClient(t, b, "secret"), httpClient(t, b, "secret")} {
		_, err := client.export(within(t, patience), logsOf("x"))
		require.NoError(t, err)
	}
	assert.Equal(t, 2, b.Counts().Logs)
}

func TestGRPCLimitIs4MiB(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	large := logsOf(strings.Repeat("x", 4<<20))
	_, err := grpcClient(t, b, "").export(within(t, patience), large)
	requireStatus(t, err, 0, codes.ResourceExhausted)
	require.NoError(t, b.WaitFor(within(t, patience), func(b *Backend) bool { return b.Counts().Requests == 1 }))
	assert.Equal(t, []Outcome{Malformed}, outcomes(b))
	assert.NotEmpty(t, b.Requests()[0].RemoteAddr)

	_, err = httpClient(t, b, "").export(within(t, patience), large)
	require.NoError(t, err)
}

func TestHTTPEncodings(t *testing.T) {
	t.Parallel()
	request := plogotlp.NewExportRequestFromLogs(logsOf("x"))
	asProto, err := request.MarshalProto()
	require.NoError(t, err)
	asJSON, err := request.MarshalJSON()
	require.NoError(t, err)
	const ok, json, protobuf = http.StatusOK, "application/json", "application/x-protobuf"
	tests := []struct {
		name, contentType, encoding string
		body                        []byte
		status                      int
		protocol                    Protocol
	}{
		{"protobuf", protobuf, "", asProto, ok, HTTPProtobuf},
		{"protobuf, identity", protobuf, "identity", asProto, ok, HTTPProtobuf},
		{"protobuf, gzip", protobuf, "gzip", gzipped(t, asProto), ok, HTTPProtobuf},
		{"json", json, "", asJSON, ok, HTTPJSON},
		{"json with charset, gzip", json + "; charset=utf-8", "gzip", gzipped(t, asJSON), ok, HTTPJSON},
		{"broken protobuf", protobuf, "", []byte("x"), http.StatusBadRequest, HTTPProtobuf},
		{"broken json", json, "", []byte("{"), http.StatusBadRequest, HTTPJSON},
		{"broken gzip", protobuf, "gzip", asProto, http.StatusBadRequest, HTTPProtobuf},
		{"unknown encoding", protobuf, "br", asProto, http.StatusBadRequest, HTTPProtobuf},
		{"unknown content type", "text/plain", "", asProto, http.StatusUnsupportedMediaType, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, Config{})
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			headers := map[string]string{"Content-Type": tt.contentType, "Content-Encoding": tt.encoding, "User-Agent": "me/1"}
			_, err := post(within(t, patience), transport, b.HTTPEndpoint()+"/v1/logs", headers, tt.body)
			if tt.status != ok {
				requireStatus(t, err, tt.status, 0)
				assert.Zero(t, b.Counts().Logs)
				return
			}
			require.NoError(t, err)
			got := b.Requests()
			require.Len(t, got, 1)
			assert.WithinDuration(t, time.Now(), got[0].Time, patience)
			assert.Less(t, got[0].Took, patience)
			got[0].Time, got[0].Took, got[0].RemoteAddr = time.Time{}, 0, ""
			decompressed := len(asProto)
			if tt.protocol == HTTPJSON {
				decompressed = len(asJSON)
			}
			assert.Equal(t, Request{
				Number: 1, Protocol: tt.protocol, Signal: Logs, Compression: tt.encoding,
				WireBytes: len(tt.body), Bytes: decompressed, Items: 1,
				UserAgent: "me/1", Outcome: Accepted, Stored: true,
			}, got[0])
		})
	}
}

func TestGRPCRequest(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	conn, err := grpc.NewClient(b.GRPCEndpoint(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)), grpc.WithUserAgent("me/1"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	request := plogotlp.NewExportRequestFromLogs(logsOf(strings.Repeat("x", 1000)))
	size, err := request.MarshalProto()
	require.NoError(t, err)
	_, err = plogotlp.NewGRPCClient(conn).Export(within(t, patience), request)
	require.NoError(t, err)
	got := b.Requests()
	require.Len(t, got, 1)
	assert.Equal(t, GRPC, got[0].Protocol)
	assert.Equal(t, "gzip", got[0].Compression)
	assert.Equal(t, len(size), got[0].Bytes)
	assert.Less(t, got[0].WireBytes, 200)
	assert.Positive(t, got[0].WireBytes)
	assert.Contains(t, got[0].UserAgent, "me/1")
}

// Traces and metrics go the same way as logs: that they get there at all is what is left to see, and the claim of a
// partial success.
func TestTracesAndMetrics(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	b.SetFault(Fault{RejectedItems: 1})
	conn, err := grpc.NewClient(b.GRPCEndpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	headers := map[string]string{"Content-Type": "application/json"}

	traces := ptraceotlp.NewExportRequestFromTraces(sampleTraces())
	overGRPC, err := ptraceotlp.NewGRPCClient(conn).Export(within(t, patience), traces)
	require.NoError(t, err)
	assert.EqualValues(t, 1, overGRPC.PartialSuccess().RejectedSpans())
	body, err := traces.MarshalJSON()
	require.NoError(t, err)
	answer, err := post(within(t, patience), transport, b.HTTPEndpoint()+"/v1/traces", headers, body)
	require.NoError(t, err)
	assert.Contains(t, string(answer), `"rejectedSpans"`)

	metrics := pmetricotlp.NewExportRequestFromMetrics(sampleMetrics())
	_, err = pmetricotlp.NewGRPCClient(conn).Export(within(t, patience), metrics)
	require.NoError(t, err)
	body, err = metrics.MarshalJSON()
	require.NoError(t, err)
	answer, err = post(within(t, patience), transport, b.HTTPEndpoint()+"/v1/metrics", headers, body)
	require.NoError(t, err)
	assert.Contains(t, string(answer), `"rejectedDataPoints"`)

	assert.Equal(t, Counts{Requests: 4, Spans: 2, DataPoints: 10}, b.Counts())
	assert.Len(t, b.RawTraces(), 2)
	assert.Len(t, b.RawMetrics(), 2)
	assert.Len(t, b.DataPoints(), 10)
	var signals []Signal
	for _, request := range b.Requests() {
		signals = append(signals, request.Signal)
	}
	assert.Equal(t, []Signal{Traces, Traces, Metrics, Metrics}, signals)
	assert.Equal(t, map[string]int{"0200000000000000": 2}, Duplicates(b.Spans(), func(s Span) string { return s.SpanID }))
}

func TestReset(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	b.SetFault(Fault{Times: 1, Hang: true})
	client := httpClient(t, b, "")
	hung := make(chan error)
	ctx := within(t, patience)
	go func() {
		_, err := client.export(ctx, logsOf("hangs"))
		hung <- err
	}()
	require.NoError(t, b.WaitFor(ctx, func(b *Backend) bool { return b.Counts().Requests == 1 }))
	b.Reset()
	_, err := client.export(ctx, logsOf("after"))
	require.NoError(t, err)
	b.CloseConnections()
	require.Error(t, <-hung)
	require.Len(t, b.Requests(), 1)
	assert.Equal(t, Accepted, b.Requests()[0].Outcome)
	assert.Len(t, b.RawLogs(), 1)
	assert.Equal(t, 1, b.Logs()[0].Request)
}

func FuzzHTTP(f *testing.F) {
	valid, err := plogotlp.NewExportRequestFromLogs(sampleLogs()).MarshalProto()
	require.NoError(f, err)
	f.Add("/v1/logs", "application/x-protobuf", "", valid)
	f.Add("/v1/traces", "application/json", "gzip", []byte(`{"resourceSpans":[{}]}`))
	f.Add("/v1/metrics", "application/json", "", []byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{}}]}]}]}`))
	b, err := Start(Config{})
	require.NoError(f, err)
	f.Cleanup(b.Close)
	f.Fuzz(func(t *testing.T, path, contentType, encoding string, body []byte) {
		if path != "/v1/logs" && path != "/v1/traces" {
			path = "/v1/metrics"
		}
		request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(body)))
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Content-Encoding", encoding)
		recorder := httptest.NewRecorder()
		b.httpServer.Handler.ServeHTTP(recorder, request)
		b.Reset()
		switch recorder.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusUnsupportedMediaType:
		default:
			t.Fatalf("unexpected status %d", recorder.Code)
		}
	})
}

func BenchmarkHTTP(bench *testing.B) {
	b, err := Start(Config{})
	require.NoError(bench, err)
	defer b.Close()
	ld := plog.NewLogs()
	for range 1000 {
		sampleLogs().ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(bench, err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	headers := map[string]string{"Content-Type": "application/x-protobuf"}
	for bench.Loop() {
		_, err := post(bench.Context(), transport, b.HTTPEndpoint()+"/v1/logs", headers, body)
		require.NoError(bench, err)
		b.Reset()
	}
}
