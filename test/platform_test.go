// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlatformTelemetryByDefault: with nothing but an endpoint, a function without an SDK has a trace per invocation with
// its lines in it, the cold start in the first, and metrics. The log says what that costs.
func TestPlatformTelemetryByDefault(t *testing.T) {
	for setting, spans := range map[string]int{"": 4, "traces": 4, "metrics": 0, "none": 0} {
		t.Run(setting, func(t *testing.T) {
			w := start(t, env("OTELCOL_LAMBDA_PLATFORM_TELEMETRY", setting))
			for i := range 3 {
				w.run(step{"log": fmt.Sprint("line ", i)})
			}
			w.end()
			w.requireAllArrived()
			assert.Len(t, w.lambdaSpans(), spans)
			for i := range 3 {
				assert.Equal(t, spans > 0, w.log(fmt.Sprint("line ", i)).TraceID != "")
			}
			values, _ := w.sums()
			if setting == "" || setting == "metrics" {
				assert.InDelta(t, 3, values["faas.invocations"], 0)
			} else {
				assert.NotContains(t, values, "faas.invocations")
			}
			for _, r := range w.backend.Requests() {
				t.Logf("%s: %d items, %d bytes, %d on the wire", r.Signal, r.Items, r.Bytes, r.WireBytes)
			}
		})
	}
}

// TestOneRootPerTrace: whatever an SDK sends, each trace has one span without a parent, and every parent is there.
func TestOneRootPerTrace(t *testing.T) {
	for _, name := range []string{"SDK", "no SDK"} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			for range 3 {
				if name == "SDK" {
					w.run(step{"spans": 1, "name": "handler"})
				} else {
					w.run(step{"log": "line"})
				}
			}
			w.end()
			spans := w.backend.Spans()
			ids, roots := map[string]bool{}, map[string]int{}
			for _, s := range spans {
				ids[s.TraceID+s.SpanID] = true
			}
			for _, s := range spans {
				if s.ParentSpanID == "" {
					roots[s.TraceID]++
				} else {
					assert.True(t, ids[s.TraceID+s.ParentSpanID], "the parent of %q", s.Name)
				}
			}
			require.Len(t, roots, 3)
			for trace, n := range roots {
				assert.Equal(t, 1, n, trace)
			}
			assert.Len(t, spans, 4, "three invocations and the start")
		})
	}
}
