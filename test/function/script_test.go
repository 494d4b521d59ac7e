// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

func newFunction(t *testing.T, protocol string) (*function, *otlpbackend.Backend, *bytes.Buffer) {
	t.Helper()
	backend, err := otlpbackend.Start(otlpbackend.Config{})
	require.NoError(t, err)
	t.Cleanup(backend.Close)
	endpoint := backend.HTTPEndpoint()
	if protocol == "grpc" {
		endpoint = "http://" + backend.GRPCEndpoint()
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
	e, err := newExporters(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = e.spans.Shutdown(context.Background())
		_ = e.metrics.Shutdown(context.Background())
	})
	var stdout bytes.Buffer
	return &function{exporters: e, stdout: &stdout, exit: func(code int) { panic(code) }}, backend, &stdout
}

func script(t *testing.T, text string) event {
	t.Helper()
	var e event
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	return e
}

func TestScript(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			f, backend, stdout := newFunction(t, protocol)
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})
			got, err := f.handle(ctx, script(t, `{"steps":[
				{"log":"hello"}, {"log_json": {"a": 1}}, {"lines":2,"prefix":"x"}, {"json_log":"whose"}, {"line_of":12}, {"raw_line":"no end"},
				{"spans":2,"name":"work"}, {"export":true}, {"otlp_bytes":1000}, {"metric":3},
				{"sleep_ms":1}, {"spin_ms":1}]}`))
			require.NoError(t, err)
			assert.Equal(t, "hello\n{\"a\":1}\nx 0\nx 1\n{\"level\":\"INFO\",\"message\":\"whose\",\"requestId\":\"r1\"}\n012345678901\nno end", stdout.String())
			assert.Equal(t, 6, got.Lines)
			assert.Empty(t, got.ExportError)
			assert.Positive(t, got.ExportMs)
			var ids []string
			for _, span := range backend.Spans() {
				ids = append(ids, span.SpanID)
				assert.Equal(t, "r1", span.Attributes["faas.invocation_id"])
			}
			assert.Equal(t, ids, got.Spans)
			assert.Equal(t, otlpbackend.Counts{Requests: 3, Spans: 3, DataPoints: 1}, backend.Counts())
			assert.InDelta(t, 3, backend.DataPoints()[0].Value, 0)
		})
	}
}

func TestExportErrorIsReported(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		f, backend, _ := newFunction(t, protocol)
		backend.SetFault(otlpbackend.Fault{HTTPStatus: 503, GRPCCode: codes.Unavailable})
		begin := time.Now()
		got, err := f.handle(t.Context(), script(t, `{"steps":[{"spans":1}]}`))
		require.NoError(t, err)
		assert.NotEmpty(t, got.ExportError)
		assert.Len(t, got.Spans, 1)
		assert.Less(t, time.Since(begin), 5*time.Second)
		assert.Equal(t, 1, backend.Counts().Requests, "no retry")
	}
}

func TestEnds(t *testing.T) {
	f, backend, _ := newFunction(t, "")
	_, err := f.handle(t.Context(), script(t, `{"steps":[{"spans":1},{"error":"no"},{"spans":1}]}`))
	require.EqualError(t, err, "no")
	assert.Equal(t, 1, backend.Counts().Spans)
	assert.PanicsWithValue(t, "oh", func() { _, _ = f.handle(t.Context(), script(t, `{"steps":[{"panic":"oh"}]}`)) })
	assert.PanicsWithValue(t, 3, func() { _, _ = f.handle(t.Context(), script(t, `{"steps":[{"exit":3}]}`)) })
	_, err = f.handle(t.Context(), script(t, `{"steps":[{"sleep":1}]}`))
	require.ErrorContains(t, err, "misspelt")
}

func TestUnknownProtocol(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	_, err := newExporters(t.Context())
	require.ErrorContains(t, err, `"http/json"`)
}
