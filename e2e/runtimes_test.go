// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// scenario is one invocation in the life of an environment.
type scenario struct {
	name    string
	do      string
	status  string
	options []lambdaemulator.InvokeOption
}

// scenarios are what every environment goes through, in this order. The timeout ends its processes: what follows it is a
// second cold start, inside the invocation.
func scenarios() []scenario {
	return []scenario{
		{name: "cold", do: "ok", status: lambdaemulator.StatusSuccess},
		{name: "warm", do: "ok", status: lambdaemulator.StatusSuccess},
		{name: "error", do: "error", status: lambdaemulator.StatusError},
		{name: "timeout", do: "hang", status: lambdaemulator.StatusTimeout,
			options: []lambdaemulator.InvokeOption{lambdaemulator.WithTimeout(hangs)}},
		{name: "again", do: "ok", status: lambdaemulator.StatusSuccess},
	}
}

// TestRuntimes: whatever a function is written in, however it exports and logs, its lines, spans and metrics arrive,
// joined, for every fate of an invocation.
func TestRuntimes(t *testing.T) {
	layer := unpackLayer(t)
	var arrived table
	for _, v := range variants() {
		t.Run(strings.ReplaceAll(v.String(), "/", "-"), func(t *testing.T) { // one after the other: a JVM wants the whole machine
			opt := merge(t, layer, installed+"/"+v.name+"/opt")
			w := newWorld(t, opt, v, withPlatform(v))
			invocations := map[string]lambdaemulator.Invocation{}
			for _, s := range scenarios() {
				inv := w.invoke(s.do, line(s), s.options...)
				requireOutcome(t, v, s, inv)
				invocations[s.name] = inv
			}
			w.end()
			for _, s := range scenarios() {
				arrived.add(v, s, w.check(v, s, invocations[s.name]))
			}
			w.checkResources()
		})
	}
	t.Log("\n" + arrived.String())
}

// line is what the function writes in a scenario.
func line(s scenario) string { return "this is the " + s.name + " one" }

func requireOutcome(t *testing.T, v variant, s scenario, inv lambdaemulator.Invocation) {
	t.Helper()
	assert.Equal(t, s.status, inv.Status, "%s: %s", s.name, inv.Payload)
	switch {
	case s.do != "ok":
		assert.NotEmpty(t, inv.FunctionError, s.name)
	case v.streams:
		// The Rust client puts the metadata of a function URL before it.
		assert.True(t, strings.HasSuffix(string(inv.Payload), `"streamed"`), "%s: %q", s.name, inv.Payload)
	default:
		assert.Equal(t, `"answered"`, string(inv.Payload), s.name)
	}
}

// withPlatform configures the layer to make spans and metrics of what Lambda says, for a function that makes none.
func withPlatform(v variant) func(*lambdaemulator.Config) {
	if v.sdk {
		return func(*lambdaemulator.Config) {}
	}
	const config = `
receivers:
  telemetryapi:
exporters:
  otlp_http:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    headers: { authorization: ` + token + ` }
service:
  pipelines:
    logs: { receivers: [telemetryapi], exporters: [otlp_http] }
    traces: { receivers: [telemetryapi], exporters: [otlp_http] }
    metrics: { receivers: [telemetryapi], exporters: [otlp_http] }
`
	return func(cfg *lambdaemulator.Config) {
		cfg.Env["OPENTELEMETRY_COLLECTOR_CONFIG_URI"] = "yaml:" + strings.TrimSpace(config)
	}
}

// cell is what arrived of an invocation.
type cell struct {
	logs, spans, points int
	joined              bool // every log record is in the trace of the spans
}

func (c cell) String() string {
	text := fmt.Sprintf("%dL %dS %dM", c.logs, c.spans, c.points)
	if c.joined {
		text += " joined"
	}
	return text
}
