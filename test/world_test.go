// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// token is the ingestion key, which goes without "Bearer", as ClickStack wants it.
const token = "ingestion-key"

// world is a function with the layer, and the backend that it reports to.
type world struct {
	*lambdaemulator.Function
	t       *testing.T
	backend *otlpbackend.Backend
	spans   []string // ids of the spans that the function says it has sent
}

// step is what the test function does: see ./function.
type step = map[string]any

// reply is what the test function answers.
type reply struct {
	Spans       []string `json:"spans"`
	Lines       int      `json:"lines"`
	ExportError string   `json:"export_error"`
	ExportMs    float64  `json:"export_ms"`
}

// start starts a world, in parallel with the other tests. It exports over HTTP unless configure says otherwise.
func start(t *testing.T, configure ...func(*lambdaemulator.Config)) *world {
	t.Helper()
	t.Parallel()
	return startNow(t, configure...)
}

func startNow(t *testing.T, configure ...func(*lambdaemulator.Config)) *world {
	t.Helper()
	backend, err := otlpbackend.Start(otlpbackend.Config{AuthToken: token})
	require.NoError(t, err)
	t.Cleanup(backend.Close)
	grpc, http := freePort(t), freePort(t)
	cfg := lambdaemulator.Config{
		Layer:    built.layer,
		Function: built.function,
		Timeout:  10 * time.Second,
		Env: map[string]string{
			"ROTEL_OTLP_EXPORTER_ENDPOINT":       backend.HTTPEndpoint(),
			"ROTEL_OTLP_EXPORTER_PROTOCOL":       "http",
			"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS": "authorization=" + token,
			"ROTEL_OTLP_GRPC_ENDPOINT":           grpc,
			"ROTEL_OTLP_HTTP_ENDPOINT":           http,
			"OTEL_EXPORTER_OTLP_ENDPOINT":        "http://" + http,
			"GRPC_BACKEND":                       "http://" + backend.GRPCEndpoint(),
		},
		Output: t.Output(),
	}
	w := &world{t: t, backend: backend}
	for _, c := range configure {
		c(&cfg)
	}
	w.Function, err = lambdaemulator.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return w
}

// env sets variables of the function; an empty value takes one away.
func env(pairs ...string) func(*lambdaemulator.Config) {
	return func(cfg *lambdaemulator.Config) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "" {
				delete(cfg.Env, pairs[i])
			} else {
				cfg.Env[pairs[i]] = pairs[i+1]
			}
		}
	}
}

func timeout(d time.Duration) func(*lambdaemulator.Config) {
	return func(cfg *lambdaemulator.Config) { cfg.Timeout = d }
}

// withYAML writes a Collector configuration and makes the layer use it; ${env:…} reaches the variables of the world.
func withYAML(t *testing.T, text string) func(*lambdaemulator.Config) {
	path := filepath.Join(t.TempDir(), "collector.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return env("OPENTELEMETRY_COLLECTOR_CONFIG_URI", path)
}

// run invokes the function with steps, which must succeed.
func (w *world) run(steps ...step) lambdaemulator.Invocation {
	w.t.Helper()
	inv := w.try(steps...)
	require.Empty(w.t, inv.FunctionError, "payload %s", inv.Payload)
	return inv
}

// try invokes the function with steps, which may fail.
func (w *world) try(steps ...step) lambdaemulator.Invocation {
	w.t.Helper()
	payload, err := json.Marshal(map[string]any{"steps": steps})
	require.NoError(w.t, err)
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	inv, err := w.Invoke(ctx, payload)
	require.NoError(w.t, err)
	var r reply
	if inv.FunctionError == "" {
		require.NoError(w.t, json.Unmarshal(inv.Payload, &r), "payload %s", inv.Payload)
		w.spans = append(w.spans, r.Spans...)
	}
	return inv
}

// replyOf decodes what the function answered.
func (w *world) replyOf(inv lambdaemulator.Invocation) reply {
	w.t.Helper()
	var r reply
	require.NoError(w.t, json.Unmarshal(inv.Payload, &r))
	return r
}

// end shuts the environment down.
func (w *world) end() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	require.NoError(w.t, w.Shutdown(ctx, "spindown"))
}

// functionLines are the lines that the function has written, each as often as it has.
func (w *world) functionLines() map[string]int {
	return count(w.linesOf(lambdaemulator.SourceFunction))
}

// extensionLines are what the layer has said.
func (w *world) extensionLines() []string { return w.linesOf(lambdaemulator.SourceExtension) }

func (w *world) linesOf(source string) []string {
	var lines []string
	for _, line := range w.Lines() {
		if line.Source == source {
			lines = append(lines, line.Text)
		}
	}
	return lines
}

// arrivedLines are the bodies of the function's log records at the backend. Events are of Lambda's own.
func (w *world) arrivedLines() map[string]int {
	var bodies []string
	for _, r := range w.backend.Logs() {
		if r.EventName == "" && !strings.Contains(r.Body, "otelcol-lambda") { // what the layer says is telemetry too
			bodies = append(bodies, r.Body)
		}
	}
	return count(bodies)
}

// requireAllArrived requires that every line and every span is at the backend, once.
func (w *world) requireAllArrived() {
	w.t.Helper()
	require.Equal(w.t, w.functionLines(), w.arrivedLines(), "log lines")
	var arrived []string
	for _, s := range functionSpans(w.backend) {
		arrived = append(arrived, s.SpanID)
	}
	require.Equal(w.t, count(w.spans), count(arrived), "spans")
}

// ofLambda is the end of the scope of spans and metrics that are made of Lambda's own events.
const ofLambda = "telemetryapireceiver"

// functionSpans are the spans at a backend that the function has made.
func functionSpans(backend *otlpbackend.Backend) []otlpbackend.Span {
	return slices.DeleteFunc(backend.Spans(), func(s otlpbackend.Span) bool { return strings.HasSuffix(s.Scope, ofLambda) })
}

// oneLine requires that the layer has said exactly one line, and returns it.
func (w *world) oneLine() string {
	w.t.Helper()
	lines := w.extensionLines()
	require.Len(w.t, lines, 1, "lines of the layer: %q", lines)
	return lines[0]
}

// timeline returns the events of one kind.
func (w *world) timeline(kind lambdaemulator.Kind) []lambdaemulator.TimelineEvent {
	return slices.DeleteFunc(w.Timeline(), func(e lambdaemulator.TimelineEvent) bool { return e.Kind != kind })
}

func count(items []string) map[string]int {
	counts := make(map[string]int, len(items))
	for _, item := range items {
		counts[item]++
	}
	return counts
}

// givenPorts are those that freePort has returned.
var givenPorts sync.Map

// freePort returns an address that nobody listens on. Its port is below those that the kernel gives to connections: one
// of these could be gone by the time the layer listens.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(22_000))
		if _, given := givenPorts.LoadOrStore(address, true); given {
			continue
		}
		if listener, err := net.Listen("tcp4", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
}

// lines returns n distinct log steps.
func lines(n int, prefix string) []step {
	steps := make([]step, n)
	for i := range steps {
		steps[i] = step{"log": fmt.Sprintf("%s-%d", prefix, i)}
	}
	return steps
}
