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

// starved is the smallest function: 128 MB, and so 7 % of a CPU.
func starved(cfg *lambdaemulator.Config) {
	cfg.MemoryMB, cfg.CPU, cfg.Timeout = 128, lambdaemulator.CPUShare, 30*time.Second
}

// needCPUShare skips a test where this machine cannot limit the CPU.
func needCPUShare(t *testing.T) {
	t.Helper()
	f, err := lambdaemulator.New(lambdaemulator.Config{Function: built.function, CPU: lambdaemulator.CPUShare})
	if err != nil {
		t.Skip(err)
	}
	require.NoError(t, f.Close())
}

// TestStarvedCPU: with the CPU of the smallest function nothing is lost, waits stay short, the runtime's start waits for
// registering only, not for the collector, and the layer has nothing to say. Where INIT is starved, too, that holds
// for it as well.
func TestStarvedCPU(t *testing.T) {
	needCPUShare(t)
	for _, initType := range []string{"on-demand", "provisioned-concurrency"} {
		t.Run(initType, func(t *testing.T) {
			w := start(t, starved, func(cfg *lambdaemulator.Config) { cfg.InitializationType = initType })
			for i := range 5 {
				inv := w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 3, "name": "work"}, step{"metric": 1})
				assert.Less(t, inv.Overrun(), 2*time.Second)
				assert.Empty(t, w.replyOf(inv).ExportError)
			}
			w.end()
			w.requireAllArrived()
			w.requireEarlyRegistration()
			assert.Empty(t, w.extensionLines())
			assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
		})
	}
}

// TestStarvedSecondInit: the INIT after a crash runs inside an invocation, on the function's share of the CPU and
// within its default timeout; it is ready in time, again and again (trap 33).
func TestStarvedSecondInit(t *testing.T) {
	needCPUShare(t)
	w := start(t, starved, timeout(3*time.Second))
	for i := range 3 {
		inv := w.try(step{"log": fmt.Sprint("before exit ", i)}, step{"exit": 1})
		assert.Equal(t, lambdaemulator.StatusError, inv.Status)
		w.run(step{"log": fmt.Sprint("after exit ", i)}, step{"spans": 1, "name": "work"})
	}
	w.end()
	w.requireAllArrived()
	w.requireEarlyRegistration()
	for _, line := range w.extensionLines() {
		assert.NotContains(t, line, "not ready")
	}
}

// requireEarlyRegistration requires of every INIT that the layer had registered within a second, and that the runtime
// had been started by the time that the layer was ready itself.
func (w *world) requireEarlyRegistration() {
	w.t.Helper()
	var started time.Time // of the layer
	runtime, inits := false, 0
	for _, e := range w.Timeline() {
		switch {
		case e.Kind == lambdaemulator.KindProcessStart && e.Name == "bootstrap":
			runtime = true
		case e.Kind == lambdaemulator.KindProcessStart:
			started, runtime = e.Time, false
		case e.Kind == lambdaemulator.KindExtensionRegistered:
			assert.Less(w.t, e.Time.Sub(started), time.Second)
		case e.Kind == lambdaemulator.KindExtensionReady:
			w.t.Logf("ready %v after the start", e.Time.Sub(started))
			assert.True(w.t, runtime, "the runtime has waited for the collector")
			inits++
		}
	}
	require.Positive(w.t, inits)
}
