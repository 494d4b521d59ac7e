// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// TestLongLines: Lambda cuts a record that is larger than maxBytes. It arrives whole, and so does what is around it; where
// its rest never comes, what has come is kept.
func TestLongLines(t *testing.T) {
	const mb = 1_000_000
	for name, tt := range map[string]struct {
		config string
		length int
		lost   bool // the rest
		want   int
	}{
		"1 MB, whole":          {"", mb, false, mb},
		"1 MB, in four pieces": {"{ buffering: { max_bytes: 262144 } }", mb, false, mb},
		"2.5 MB":               {"", 5 * mb / 2, false, 5 * mb / 2},
		"the rest is lost":     {"{ buffering: { max_bytes: 262144 } }", mb, true, 262143}, // and a quote
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, withTelemetry(t, tt.config), func(cfg *lambdaemulator.Config) {
				cfg.MemoryMB, cfg.LoseCutRecords = 1024, tt.lost
			})
			inv := w.run(step{"log": "before"}, step{"line_of": tt.length}, step{"log": "after"})
			lengths := map[int]int{}
			for _, r := range w.backend.Logs() { // all there already: platform.runtimeDone came behind them
				lengths[len(r.Body)]++
				assert.Equal(t, inv.RequestID, r.Attributes["faas.invocation_id"])
				if len(r.Body) > len("before") {
					assert.True(t, strings.HasPrefix(strings.Repeat("0123456789", tt.length/10), r.Body))
				}
			}
			assert.Equal(t, map[int]int{len("before"): 1, len("after"): 1, tt.want: 1}, lengths)
			w.end()
		})
	}
}

// exceptions are the records at the backend of invocations that have failed.
func (w *world) exceptions() []otlpbackend.LogRecord {
	return slices.DeleteFunc(w.backend.Logs(), func(r otlpbackend.LogRecord) bool {
		return r.EventName != "faas.invocation.exception"
	})
}
