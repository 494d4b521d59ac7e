// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// TestFirstInvocation: what the first invocation ever produced is at the backend before the freeze (trap 8), although
// its last lines come in one batch with platform.runtimeDone (trap 4); over both protocols, one per direction.
func TestFirstInvocation(t *testing.T) {
	t.Run("http", func(t *testing.T) {
		w := start(t)
		inv := w.run(step{"log": "one"}, step{"spans": 3, "name": "work"}, step{"metric": 1}, step{"log": "two"})
		assert.True(t, inv.ColdStart)
		w.requireAllArrived()
		assert.NotEmpty(t, w.backend.DataPoints())
	})
	t.Run("grpc", func(t *testing.T) {
		w := start(t, grpcBothWays)
		w.run(step{"log": "one"}, step{"spans": 3, "name": "work"}, step{"log": "two"})
		w.requireAllArrived()
		for _, r := range w.backend.Requests() {
			assert.Equal(t, otlpbackend.GRPC, r.Protocol)
		}
	})
}

// grpcBothWays makes the function export to the layer, and the layer to the backend, over gRPC.
func grpcBothWays(cfg *lambdaemulator.Config) {
	cfg.Env["ROTEL_OTLP_EXPORTER_PROTOCOL"] = "grpc"
	cfg.Env["ROTEL_OTLP_EXPORTER_ENDPOINT"] = cfg.Env["GRPC_BACKEND"]
	cfg.Env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
	cfg.Env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://" + cfg.Env["ROTEL_OTLP_GRPC_ENDPOINT"]
}

// TestBurstThenSilence: with the policy "end" nothing waits in the frozen environment after frequent invocations (traps
// 7 and 15).
func TestBurstThenSilence(t *testing.T) {
	w := start(t, withFlushPolicy("end"))
	for i := range 25 {
		w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 1, "name": "work"})
	}
	w.requireAllArrived()
	time.Sleep(2 * time.Second) // frozen, with idle connections and timers
	w.run(step{"log": "after the freeze"}, step{"spans": 2, "name": "work"})
	w.requireAllArrived()
	assert.NotEmpty(t, w.timeline(lambdaemulator.KindThaw))
	w.end()
	w.requireAllArrived()
}

// TestFunctionError: the lines of a failing invocation arrive, and so do those of the next.
func TestFunctionError(t *testing.T) {
	w := start(t)
	inv := w.try(step{"log": "before the error"}, step{"error": "no luck"})
	assert.NotEmpty(t, inv.FunctionError)
	w.requireAllArrived()
	w.run(step{"log": "all is well"})
	w.requireAllArrived()
}

// TestFunctionTimeout: what a function said before it timed out is at the backend, and the next environment works
// (trap 13).
func TestFunctionTimeout(t *testing.T) {
	w := start(t, timeout(time.Second))
	inv := w.try(step{"log": "before the timeout"}, step{"sleep_ms": 5000})
	assert.Equal(t, "timeout", inv.Status)
	w.requireAllArrived()
	w.run(step{"log": "in a new environment"})
	w.requireAllArrived()
}

// TestFunctionExit: the same for a runtime that exits in the middle of an invocation.
func TestFunctionExit(t *testing.T) {
	w := start(t)
	inv := w.try(step{"log": "before the exit"}, step{"exit": 3})
	assert.NotEmpty(t, inv.FunctionError)
	w.requireAllArrived()
	w.run(step{"log": "in a new environment"})
	w.requireAllArrived()
}

// TestHangingBackend: a backend that accepts and never answers costs at most the flush budget, again and again, and
// the SDK's exports are answered at once; when it recovers, everything arrives once (traps 1 and 18).
func TestHangingBackend(t *testing.T) {
	w := start(t, timeout(30*time.Second))
	w.backend.SetFault(otlpbackend.Fault{Hang: true})
	for i := range 3 {
		inv := w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 1, "name": "work"})
		t.Log("overrun", inv.Overrun())
		assert.Less(t, inv.Overrun(), 3*time.Second)
		assert.Less(t, w.replyOf(inv).ExportMs, 500.0)
	}
	w.backend.ClearFault()
	w.run(step{"log": "recovered"})
	w.end()
	w.requireAllArrived()
}

// TestBackendDown: what cannot leave waits, and arrives once when the backend is back.
func TestBackendDown(t *testing.T) {
	w := start(t)
	w.run(step{"log": "before"})
	w.backend.Refuse()
	for i := range 3 {
		w.run(step{"log": fmt.Sprint("meanwhile ", i)}, step{"spans": 1, "name": "work"})
	}
	require.NoError(t, w.backend.Accept())
	w.run(step{"log": "after"})
	w.end()
	w.requireAllArrived()
}

// TestShutdownRightAfterInvoke: the last invocation's data and its report leave once, without SIGKILL (trap 9).
func TestShutdownRightAfterInvoke(t *testing.T) {
	w := start(t)
	w.run(step{"log": "the last one"}, step{"spans": 1, "name": "work"})
	w.end()
	w.requireAllArrived()
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
}

// TestShutdownWithSlowBackend: SHUTDOWN ends before its deadline, whatever the backend does (trap 10).
func TestShutdownWithSlowBackend(t *testing.T) {
	w := start(t)
	w.backend.SetFault(otlpbackend.Fault{Hang: true})
	w.run(append(lines(100, "stuck"), step{"spans": 100, "name": "work"})...)
	w.end()
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill), "the layer ends by itself")
}

// TestShutdownWithoutInvocation: an environment that was never used ends promptly (trap 11).
func TestShutdownWithoutInvocation(t *testing.T) {
	w := start(t)
	require.NoError(t, w.Init(t.Context()))
	begin := time.Now()
	w.end()
	assert.Less(t, time.Since(begin), time.Second)
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
}

// TestQueuesAndBatchesOfTheUsersYAML: two exporters of one type under two names, with sending queues, retries and a
// batch processor that waits longer than any invocation: everything is there before the freeze (traps 16 and 17).
func TestQueuesAndBatchesOfTheUsersYAML(t *testing.T) {
	w := start(t, env("KEY", token), withYAML(t, `
receivers:
  telemetryapi:
  otlp:
    protocols:
      http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" }
processors:
  batch: { timeout: 1h, send_batch_size: 1000000 }
exporters:
  otlp_http:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    headers: { authorization: "${KEY}" }
    sending_queue: { enabled: true, queue_size: 1000 }
    retry_on_failure: { enabled: true }
  otlphttp/second:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    headers: { authorization: ingestion-key }
    sending_queue: { enabled: true, batch: { flush_timeout: 1h, min_size: 100000 } }
service:
  pipelines:
    logs: { receivers: [telemetryapi, otlp], processors: [batch], exporters: [otlp_http] }
    traces: { receivers: [otlp], processors: [batch], exporters: [otlphttp/second] }
`))
	w.run(step{"log": "one"}, step{"spans": 5, "name": "work"})
	w.requireAllArrived()
	w.run(step{"log": "two"}, step{"spans": 5, "name": "work"})
	w.requireAllArrived()
}
