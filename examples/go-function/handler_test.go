// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

func newTestShop(t *testing.T, endpoint string) (*shop, *bytes.Buffer) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
	sdk, err := startTelemetry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = sdk.shutdown(context.Background()) })
	var stdout bytes.Buffer
	s, err := newShop(sdk, slog.New(slog.NewJSONHandler(&stdout, nil)), &stdout)
	require.NoError(t, err)
	return s, &stdout
}

func TestHandle(t *testing.T) {
	tests := []struct {
		name  string
		event order
		spans []string
		fails bool
	}{
		{"order", order{}, []string{"check stock", "POST /payments", "charge card", "ship order", "process order"}, false},
		{"failing order", order{Fail: true}, []string{"check stock", "POST /payments", "charge card", "process order"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			backend, err := otlpbackend.Start(otlpbackend.Config{})
			require.NoError(t, err)
			defer backend.Close()
			s, stdout := newTestShop(t, backend.HTTPEndpoint())
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})

			made, err := s.handle(ctx, tt.event)
			if tt.fails {
				require.NoError(t, json.Unmarshal([]byte(err.Error()), &made))
				assert.Contains(t, err.Error(), `"error":"payment declined"`)
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, receipt{Spans: len(tt.spans), Lines: 2}, made)
			assert.Equal(t, 2, strings.Count(stdout.String(), "\n"))

			var names []string
			for _, span := range backend.Spans() { // all there already: handle has flushed
				names = append(names, span.Name)
				assert.Equal(t, "shop", span.Resource["service.name"])
				if span.ParentSpanID == "" {
					assert.Equal(t, "r1", span.Attributes["faas.invocation_id"])
				}
			}
			assert.Equal(t, tt.spans, names)
			points := backend.DataPoints()
			require.Len(t, points, 1)
			assert.Equal(t, "shop.orders", points[0].Name)
		})
	}
}

// Without a Collector the function answers as ever, and soon.
func TestHandleWithoutCollector(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())

	begin := time.Now()
	s, stdout := newTestShop(t, "http://"+address)
	made, err := s.handle(t.Context(), order{})
	require.NoError(t, err)
	assert.Equal(t, receipt{Spans: 5, Lines: 3}, made)
	assert.Contains(t, stdout.String(), "telemetry was not flushed")
	assert.Less(t, time.Since(begin), 5*time.Second)
}
