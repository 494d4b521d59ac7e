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

// TestLostRuntimeDone: the first invocation whose end Lambda does not tell is held to its deadline, the others are not,
// and all is as before when ends are told again. Nothing is lost.
func TestLostRuntimeDone(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"end", "adaptive"} {
		t.Run(policy, func(t *testing.T) {
			w := start(t, withFlushPolicy(policy), timeout(4*time.Second), func(cfg *lambdaemulator.Config) {
				cfg.LoseRuntimeDone = func(n int) bool { return n >= 3 && n <= 6 }
			})
			for i := range 8 {
				n := i + 1
				line := fmt.Sprint("line ", n)
				inv := w.run(step{"log": line}, step{"sleep_ms": 20})
				assert.Equal(t, "success", inv.Status)
				if n == 3 {
					assert.Greater(t, inv.Overrun(), 3*time.Second)
				} else {
					assert.Less(t, inv.Overrun(), 2*time.Second, "invocation %d", n)
				}
				if n == 8 {
					assert.Equal(t, 1, w.arrivedLines()[line], "held to its end")
				}
			}
			w.end()
			w.requireAllArrived()
		})
	}
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
