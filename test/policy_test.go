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

func withFlushPolicy(policy string) func(*lambdaemulator.Config) {
	return env("OTELCOL_LAMBDA_FLUSH_POLICY", policy)
}

// flushEachSecond makes a policy flush beside the function more often than a test has time for by default.
func flushEachSecond(t *testing.T, policy string) func(*lambdaemulator.Config) {
	return withYAML(t, fmt.Sprintf(`
extensions:
  lambda_lifecycle: { policy: %s, flush_interval: 1s }
receivers:
  telemetryapi:
  otlp: { protocols: { http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' } } }
exporters:
  otlp_http: { endpoint: '${env:ROTEL_OTLP_EXPORTER_ENDPOINT}', headers: { authorization: ingestion-key } }
service:
  extensions: [lambda_lifecycle]
  pipelines:
    logs: { receivers: [telemetryapi, otlp], exporters: [otlp_http] }
    traces: { receivers: [otlp], exporters: [otlp_http] }
`, policy))
}

// TestPoliciesDeliverEverything: under every policy 40 quick invocations and a shutdown lose nothing, and no export
// overlaps a freeze, although the backend takes its time.
func TestPoliciesDeliverEverything(t *testing.T) {
	t.Parallel()
	const latency = 20 * time.Millisecond
	for _, policy := range []string{"adaptive", "end", "periodic", "continuous"} {
		for name, configure := range map[string]func(*lambdaemulator.Config){
			"default":     withFlushPolicy(policy),
			"each second": flushEachSecond(t, policy),
		} {
			t.Run(policy+"/"+name, func(t *testing.T) {
				w := start(t, configure)
				w.backend.SetFault(otlpbackend.Fault{Latency: latency})
				for i := range 40 {
					w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 1, "name": "work"}, step{"sleep_ms": 50})
				}
				w.end()
				w.requireAllArrived()
				w.requireNothingInFlightDuringFreezes(latency)
				assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
			})
		}
	}
}

// requireNothingInFlightDuringFreezes compares the time in which the backend had each request with the freezes.
func (w *world) requireNothingInFlightDuringFreezes(latency time.Duration) {
	w.t.Helper()
	var freezes [][2]time.Time
	for _, e := range w.Timeline() {
		switch e.Kind {
		case lambdaemulator.KindFreeze:
			freezes = append(freezes, [2]time.Time{e.Time, e.Time.Add(time.Hour)})
		case lambdaemulator.KindThaw:
			freezes[len(freezes)-1][1] = e.Time
		}
	}
	require.NotEmpty(w.t, freezes)
	for _, r := range w.backend.Requests() {
		for _, f := range freezes {
			overlaps := r.Time.Before(f[1]) && r.Time.Add(latency).After(f[0])
			assert.False(w.t, overlaps, "request %d at %s, frozen from %s to %s", r.Number, r.Time, f[0], f[1])
		}
	}
}

// TestPeriodicDoesNotWaitForTheFunction: the next event is asked for before the function has ended, and nothing is
// billed after it.
func TestPeriodicDoesNotWaitForTheFunction(t *testing.T) {
	median := map[string]time.Duration{}
	for _, policy := range []string{"periodic", "end"} {
		w := startNow(t, flushEachSecond(t, policy))
		var overruns []time.Duration
		for i := range 40 {
			inv := w.run(step{"log": fmt.Sprint("line ", i)}, step{"sleep_ms": 50})
			overruns = append(overruns, inv.Overrun())
			early := w.askedForNext(inv).Before(inv.RuntimeDone)
			assert.Equal(t, policy == "periodic", early, "invocation %d, %s", i, policy)
		}
		slices.Sort(overruns)
		median[policy] = overruns[len(overruns)/2]
		w.end()
		w.requireAllArrived()
	}
	t.Log("median overrun", median)
	assert.Greater(t, median["end"], 25*time.Millisecond)
	assert.Less(t, median["periodic"], 2*time.Millisecond)
}

// askedForNext is when the layer asked for the event after an invocation.
func (w *world) askedForNext(inv lambdaemulator.Invocation) time.Time {
	w.t.Helper()
	for _, e := range w.timeline(lambdaemulator.KindExtensionNext) {
		if e.RequestID == inv.RequestID {
			return e.Time
		}
	}
	require.Fail(w.t, "the layer never asked for the next event")
	return time.Time{}
}

// TestAdaptive: the first invocations are held until their data has arrived; when they go on coming, nobody waits any
// more, and each one takes along what the one before has said.
func TestAdaptive(t *testing.T) {
	w := start(t)
	for i := range 19 {
		w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 1, "name": "work"}, step{"sleep_ms": 300})
		w.requireAllArrived()
	}
	early := 0
	for i := range 10 {
		time.Sleep(time.Second)
		inv := w.run(step{"log": fmt.Sprint("frequent ", i)}, step{"spans": 1, "name": "work"}, step{"sleep_ms": 300})
		if w.askedForNext(inv).Before(inv.RuntimeDone) {
			early++
		}
	}
	assert.Equal(t, 10, early)
	assert.GreaterOrEqual(t, w.arrivedLines()["frequent 7"], 1, "the data of the invocation before is there")
	w.end()
	w.requireAllArrived()
}

// TestLongInvocationReportsAsItGoes: what a long invocation says is at the backend before it ends.
func TestLongInvocationReportsAsItGoes(t *testing.T) {
	w := start(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(step{"log": "early"}, step{"sleep_ms": 4000}, step{"log": "late"})
	}()
	require.Eventually(t, func() bool { return w.arrivedLines()["early"] == 1 }, 3*time.Second, 20*time.Millisecond)
	assert.Zero(t, w.arrivedLines()["late"])
	<-done
	w.requireAllArrived()
}
