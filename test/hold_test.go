// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// TestLostRuntimeDone: of the invocations whose end Lambda does not tell, only the first one is held to its deadline, and
// all is as before when ends are told again. Nothing is lost.
func TestLostRuntimeDone(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"end", "adaptive"} {
		t.Run(policy, func(t *testing.T) {
			w := start(t, withFlushPolicy(policy), timeout(4*time.Second), func(cfg *lambdaemulator.Config) {
				cfg.LoseRuntimeDone = func(n int) bool { return n >= 3 && n <= 6 }
			})
			held, resets := 0, 0
			for n := 1; n <= 8; n++ {
				inv := w.run(step{"log": fmt.Sprint("line ", n)}, step{"sleep_ms": 20})
				if inv.Overrun() > 2*time.Second {
					held++
				}
				if inv.Status == "timeout" { // on a machine too slow to act in the last 100 ms
					resets++
				}
			}
			assert.GreaterOrEqual(t, held, 1)
			assert.LessOrEqual(t, held, 1+resets, "once in the life of an environment")
			assert.Equal(t, 1, w.arrivedLines()["line 8"], "held to its end")
			w.end()
			w.requireAllArrived()
		})
	}
}

// TestDroppedRuntimeDone: where Lambda says that it has dropped telemetry, not even the first invocation whose end is not
// told is held to its deadline, what it has said is at the backend, and nothing else is lost.
func TestDroppedRuntimeDone(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"end", "adaptive"} {
		t.Run(policy, func(t *testing.T) {
			w := start(t, withFlushPolicy(policy), timeout(30*time.Second), func(cfg *lambdaemulator.Config) {
				cfg.DropRuntimeDone = func(n int) bool { return n == 2 || n == 3 }
			})
			for n := 1; n <= 4; n++ {
				inv := w.run(step{"log": fmt.Sprint("line ", n)}, step{"sleep_ms": 20})
				assert.Less(t, inv.Overrun(), 15*time.Second, "invocation %d of 30 s at most", n)
				assert.Equal(t, 1, w.arrivedLines()[fmt.Sprint("line ", n)], "held until it has left")
			}
			w.end()
			w.requireAllArrived()
		})
	}
}

// TestDropsInTheMiddle: Lambda has dropped lines of a function that goes on. The environment is held to its end: what it
// says last is at the backend.
func TestDropsInTheMiddle(t *testing.T) {
	w := start(t, withFlushPolicy("end"), timeout(30*time.Second), func(cfg *lambdaemulator.Config) { cfg.TelemetryQueue = 10 })
	steps := append(lines(1000, "many"), step{"sleep_ms": 100})
	for i := range 6 {
		steps = append(steps, step{"log": fmt.Sprint("still there ", i)}, step{"sleep_ms": 500})
	}
	w.run(append(steps, step{"log": "last"})...)
	assert.Less(t, len(w.arrivedLines()), len(w.functionLines()), "dropped")
	assert.Equal(t, 1, w.arrivedLines()["last"])
	w.end()
}

// TestInitAheadOfInvocations: what an environment says that is started ahead of any invocation is at the backend before
// it is frozen; where an invocation waits for INIT, that is left alone.
func TestInitAheadOfInvocations(t *testing.T) {
	t.Parallel()
	for initialization, ahead := range map[string]bool{"provisioned-concurrency": true, "snap-start": true, "on-demand": false} {
		t.Run(initialization, func(t *testing.T) {
			w := start(t, withTelemetry(t, ""), env("INIT_LOG", "initialised"), func(cfg *lambdaemulator.Config) { cfg.InitializationType = initialization })
			require.NoError(t, w.Init(t.Context()))
			if !ahead {
				assert.Empty(t, w.backend.Requests())
			} else {
				assert.Equal(t, 1, w.arrivedLines()["initialised"])
			}
			isInit := func(s otlpbackend.Span) bool { return s.Name == "init" }
			if initialization == "provisioned-concurrency" {
				assert.True(t, slices.ContainsFunc(w.backend.Spans(), isInit))
			}
			w.run(step{"log": "line"})
			w.end()
			w.requireAllArrived()
		})
	}
}
