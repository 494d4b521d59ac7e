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
)

// TestTailIsBounded: frequent invocations stop all of a sudden. What is left in the frozen environment is no more than what
// one flush interval and the invocations at its two ends have said; at SHUTDOWN it leaves too.
func TestTailIsBounded(t *testing.T) {
	const interval = time.Second // of flushEachSecond
	w := start(t, flushEachSecond(t, "adaptive"))
	var invocations []lambdaemulator.Invocation
	for i := range 40 {
		invocations = append(invocations, w.run(step{"log": fmt.Sprint("line ", i)}, step{"sleep_ms": 20}))
		time.Sleep(80 * time.Millisecond) // frozen
	}
	arrived := w.arrivedLines()
	last := invocations[len(invocations)-1].Start
	for i := range len(invocations) - 1 {
		// Its last lines may have come too late for a flush at the begin of the one after it.
		if next := invocations[i+1].Start; last.Sub(next) >= interval {
			assert.Equal(t, 1, arrived[fmt.Sprint("line ", i)], "line %d, said %s before the last invocation", i, last.Sub(next))
		}
	}
	w.end()
	w.requireAllArrived()
}

// TestNoTail: nothing is left behind by those who want that, nor while invocations are new or rare.
func TestNoTail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		configure   func(*lambdaemulator.Config)
		invocations int
	}{
		"end":      {withFlushPolicy("end"), 30},
		"adaptive": {withFlushPolicy("adaptive"), 19},
		"rare": {withYAML(t, `
extensions:
  lambda_lifecycle: { sparse_gap: 1ms }
receivers:
  telemetryapi:
exporters:
  otlp_http: { endpoint: '${env:ROTEL_OTLP_EXPORTER_ENDPOINT}', headers: { authorization: ingestion-key } }
service:
  extensions: [lambda_lifecycle]
  pipelines:
    logs: { receivers: [telemetryapi], exporters: [otlp_http] }
`), 30},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, tt.configure)
			for i := range tt.invocations {
				w.run(step{"log": fmt.Sprint("line ", i)})
				require.Equal(t, 1, w.arrivedLines()[fmt.Sprint("line ", i)])
			}
			w.requireAllArrived()
		})
	}
}
