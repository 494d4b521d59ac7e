// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// ownMetrics are the sums of the layer's own metrics at the backend, by name.
func (w *world) ownMetrics() map[string]float64 {
	sums := map[string]float64{}
	for _, p := range w.backend.DataPoints() {
		if strings.HasPrefix(p.Name, "otelcol_") {
			sums[p.Name] += p.Value
		}
	}
	return sums
}

// TestOwnMetrics: at the end of an environment the layer says what it did, about the function in whose name it did it.
func TestOwnMetrics(t *testing.T) {
	w := start(t, env("ROTEL_OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"))
	var billed time.Duration
	for range 3 {
		billed += w.run(step{"log": "one"}, step{"log": "two"}, step{"spans": 4, "name": "work"}).Overrun()
	}
	assert.Empty(t, w.ownMetrics(), "not with every invocation")
	w.end()
	own := w.ownMetrics()
	assert.InDelta(t, 6, own["otelcol_exporter_sent_log_records"], 0)
	assert.InDelta(t, 6, own["otelcol_lambda_exporter_accepted_log_records"], 0)
	assert.InDelta(t, 12+1, own["otelcol_exporter_sent_spans"], 0, "the function's, and that of the cold start")
	assert.Positive(t, own["otelcol_lambda_exporter_flush_duration"])
	assert.Positive(t, own["otelcol_lambda_billed_overrun"])
	// The times of events are in milliseconds.
	assert.LessOrEqual(t, own["otelcol_lambda_billed_overrun"], (billed + 3*time.Millisecond).Seconds())
	for _, p := range w.backend.DataPoints() {
		if p.Name == "otelcol_lambda_billed_overrun" {
			assert.Equal(t, "s", p.Unit)
			assert.Equal(t, uint64(3), p.Count)
		}
	}
	points := w.backend.DataPoints()
	last := slices.IndexFunc(points, func(p otlpbackend.DataPoint) bool { return strings.HasPrefix(p.Name, "otelcol_") })
	resource := points[last].Resource
	assert.Equal(t, "my-function", resource["service.name"])
	assert.Equal(t, "test", resource["deployment.environment.name"])
	assert.NotEmpty(t, resource["service.instance.id"])
	assert.Regexp(t, `^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`, resource["faas.instance"])
	requests := 0
	for _, r := range w.backend.Requests() {
		if r.Signal == otlpbackend.Metrics && r.Items > 0 { // an empty one opens a connection
			requests++
			t.Logf("%d points in %d bytes, %d on the wire", r.Items, r.Bytes, r.WireBytes)
		}
	}
	require.Equal(t, 2, requests, "after the first invocation, of Lambda's own events, and at the end")
}

// TestOwnMetricsOff: there are none if nobody wants them.
func TestOwnMetricsOff(t *testing.T) {
	w := start(t, env("OTELCOL_LAMBDA_OWN_METRICS", "false"))
	w.run(step{"log": "one"})
	w.end()
	assert.Empty(t, w.ownMetrics())
}
