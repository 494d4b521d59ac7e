// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// log returns the one log record with the body.
func (w *world) log(body string) otlpbackend.LogRecord {
	w.t.Helper()
	for _, r := range w.backend.Logs() {
		if r.Body == body {
			return r
		}
	}
	require.Fail(w.t, "no log record", "body %q", body)
	return otlpbackend.LogRecord{}
}

// TestLogRecord: what a plain line becomes (traps 37 and 41).
func TestLogRecord(t *testing.T) {
	w := start(t, func(cfg *lambdaemulator.Config) { cfg.MemoryMB = 256 }, env("ROTEL_OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"))
	inv := w.run(step{"log": "hello"})
	r := w.log("hello")
	assert.Equal(t, inv.RequestID, r.Attributes["faas.invocation_id"])
	assert.WithinRange(t, r.Time, inv.Start.Truncate(time.Millisecond), inv.RuntimeDone) // Lambda counts in ms
	assert.False(t, r.ObservedTime.Before(r.Time))
	assert.Equal(t, map[string]any{
		"service.name":                "my-function",
		"faas.name":                   "my-function",
		"faas.version":                "$LATEST",
		"faas.max_memory":             int64(256 << 20),
		"cloud.provider":              "aws",
		"cloud.platform":              "aws_lambda",
		"cloud.region":                "us-east-1",
		"cloud.account.id":            "123456789012",
		"cloud.resource_id":           "arn:aws:lambda:us-east-1:123456789012:function:my-function",
		"deployment.environment.name": "test",
	}, r.Resource)
}

// TestResourceOnEverySignal: spans and metrics of the SDK get the same resource attributes, and keep their own.
func TestResourceOnEverySignal(t *testing.T) {
	w := start(t, env("OTEL_SERVICE_NAME", "checkout"))
	w.run(step{"spans": 1, "name": "work"}, step{"metric": 1}, step{"log": "hi"})
	resources := []map[string]any{w.log("hi").Resource, w.backend.Spans()[0].Resource, w.backend.DataPoints()[0].Resource}
	for _, resource := range resources {
		assert.Equal(t, "checkout", resource["service.name"])
		assert.Equal(t, "my-function", resource["faas.name"])
		assert.Equal(t, "123456789012", resource["cloud.account.id"])
	}
}

// TestRecordShapes: whatever a function logs is one record with a body (traps 34, 35 and 38), in both log formats.
func TestRecordShapes(t *testing.T) {
	for _, format := range []string{lambdaemulator.LogText, lambdaemulator.LogJSON} {
		t.Run(format, func(t *testing.T) {
			w := start(t, func(cfg *lambdaemulator.Config) { cfg.LogFormat = format })
			shapes := []string{
				`plain`, `{"message":"with message","level":"ERROR","requestId":"6f3b2a10-9c1d-4e57-8a35-0d2c4b1e7f88","type":"mine"}`,
				`{"no":"message"}`, `{"message":{"nested":true}}`, `42`, `[1,2]`, `null`, `""`, `{}`,
				`{"message":"bad time","timestamp":"yesterday","level":7}`, `{"broken":`, `	tab`,
			}
			var steps []step
			for _, s := range shapes {
				steps = append(steps, step{"raw_line": s + "\n"})
			}
			w.run(steps...)
			logs := w.backend.Logs()
			require.Len(t, logs, len(shapes))
			for _, r := range logs {
				assert.NotEmpty(t, r.Body)
			}
			m := w.log("with message")
			assert.Equal(t, plog.SeverityNumberError, m.SeverityNumber)
			assert.Equal(t, "6f3b2a10-9c1d-4e57-8a35-0d2c4b1e7f88", m.Attributes["faas.invocation_id"])
			assert.Equal(t, "mine", m.Attributes["type"])
			w.log("bad time")
		})
	}
}

// TestManyLines: a loud invocation loses nothing.
func TestManyLines(t *testing.T) {
	w := start(t, func(cfg *lambdaemulator.Config) { cfg.MemoryMB = 256 })
	w.run(step{"lines": 5000, "prefix": "loud"})
	w.end()
	w.requireAllArrived()
	for _, e := range w.timeline(lambdaemulator.KindTelemetryPost) {
		assert.NotContains(t, e.Detail, "drop")
	}
}
