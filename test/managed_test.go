// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

func onManagedInstances(cfg *lambdaemulator.Config) {
	cfg.InitializationType, cfg.MemoryMB = lambdaapi.ManagedInstances, 2048
}

// together runs invocations side by side, and returns them when all have ended.
func (w *world) together(n int, steps func(i int) []step) []lambdaemulator.Invocation {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	invocations := make([]lambdaemulator.Invocation, n)
	for i := range n {
		payload, err := json.Marshal(map[string]any{"steps": steps(i)})
		require.NoError(w.t, err)
		group.Go(func() {
			var err error
			invocations[i], err = w.Invoke(ctx, payload)
			assert.NoError(w.t, err)
		})
	}
	group.Wait()
	return invocations
}

// awaitLines waits until everything that the function has written is at the backend.
func (w *world) awaitLines() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	_ = w.backend.WaitFor(ctx, func(*otlpbackend.Backend) bool { // the comparison tells more than the error
		return len(w.arrivedRecords()) == len(w.linesOf(lambdaemulator.SourceFunction))
	})
	assert.Len(w.t, w.arrivedRecords(), len(w.linesOf(lambdaemulator.SourceFunction)))
}

// arrivedRecords are the function's log records at the backend.
func (w *world) arrivedRecords() []otlpbackend.LogRecord {
	var records []otlpbackend.LogRecord
	for _, r := range w.backend.Logs() {
		if r.EventName == "" && !strings.Contains(r.Body, "otelcol-lambda") {
			records = append(records, r)
		}
	}
	return records
}

// TestManagedInstances: invocations run at the same time in an environment that is never frozen. What they say arrives while
// it goes on, nothing is taken for another invocation's, and the end of the environment brings the rest (trap 44).
func TestManagedInstances(t *testing.T) {
	w := start(t, onManagedInstances)
	const side = 6
	say := func(round int) func(i int) []step {
		return func(i int) []step {
			var steps []step
			for line := range 5 {
				steps = append(steps,
					step{"json_log": fmt.Sprintf("json %d %d %d", round, i, line)}, step{"sleep_ms": 20},
					step{"log": fmt.Sprintf("plain %d %d %d", round, i, line)})
			}
			return steps
		}
	}
	first := w.together(side, say(1))
	w.awaitLines() // nobody asks for anything: by timer
	second := w.together(side, say(2))
	w.end()
	w.awaitLines()
	assert.Empty(t, w.timeline(lambdaemulator.KindFreeze))
	assert.Empty(t, w.extensionLines())

	traces, ids := map[string]string{}, map[string]string{} // of invocations
	for _, s := range w.lambdaSpans() {
		if id, ok := s.Attributes["faas.invocation_id"].(string); ok {
			traces[id] = s.TraceID
		}
	}
	for round, invocations := range [][]lambdaemulator.Invocation{first, second} {
		for i, inv := range invocations {
			assert.Empty(t, inv.FunctionError)
			assert.NotEmpty(t, traces[inv.RequestID], "a span for each invocation")
			ids[fmt.Sprintf("json %d %d ", round+1, i)] = inv.RequestID
		}
	}
	assert.Len(t, traces, 2*side)
	for _, r := range w.arrivedRecords() {
		id := r.Attributes["faas.invocation_id"]
		if strings.HasPrefix(r.Body, "plain") {
			assert.Nil(t, id, "nobody knows whose it is")
			assert.Empty(t, r.TraceID)
			continue
		}
		want := ids[r.Body[:strings.LastIndex(r.Body, " ")+1]]
		assert.Equal(t, want, id, r.Body)
		if r.TraceID != "" {
			assert.Equal(t, traces[want], r.TraceID, r.Body)
		}
	}
	values, counts := w.sums()
	assert.InDelta(t, 2*side, values["faas.invocations"], 0)
	assert.EqualValues(t, 2*side, counts["faas.invoke_duration"])
	assert.Zero(t, values["faas.coldstarts"])
}

// TestManagedInstancesAtTheEnd: an invocation that times out, and what was said just before the end.
func TestManagedInstancesAtTheEnd(t *testing.T) {
	w := start(t, onManagedInstances, timeout(300*time.Millisecond))
	slow := w.together(1, func(int) []step { return []step{{"json_log": "slow"}, {"sleep_ms": 400}} })[0]
	assert.Equal(t, "timeout", slow.Status)
	w.together(1, func(int) []step { return []step{{"json_log": "last words"}} })
	w.end()
	w.awaitLines()
	values, _ := w.sums()
	assert.InDelta(t, 1, values["faas.timeouts"], 0)
	assert.InDelta(t, 1, values["faas.invocations"], 0)
	records := w.exceptions()
	require.Len(t, records, 1)
	assert.Equal(t, slow.RequestID, records[0].Attributes["faas.invocation_id"])
}
