// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func telemetryLine(record string) string {
	return `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":` + record + `}`
}

func TestIntakeSurvivesAPanic(t *testing.T) {
	t.Parallel()
	var rejected []string
	calls, ended := 0, 0
	q := newIntake(func(context.Context, []lambdaapi.TelemetryEvent) {
		if calls++; calls == 1 {
			panic("a processor's bug")
		}
	}, func([]lambdaapi.TelemetryEvent) { ended++ }, func(err error) { rejected = append(rejected, err.Error()) })
	for range 2 {
		postTo(t, q, strings.NewReader("["+runtimeDone+"]"))
	}
	run(q)()
	assert.Equal(t, 2, calls)
	assert.Equal(t, 2, ended, "the end of an invocation is not lost with the rest of its batch")
	assert.Equal(t, []string{"consume telemetry batch: panic: a processor's bug"}, rejected)
}

// The memory of one batch serves the next, which is not changed by it.
func TestIntakeUsesMemoryAgain(t *testing.T) {
	t.Parallel()
	var got []string
	q := newIntake(func(_ context.Context, events []lambdaapi.TelemetryEvent) {
		for _, e := range events {
			got = append(got, string(e.Record))
		}
	}, func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
	end := run(q)
	for _, body := range []string{
		"[" + telemetryLine(`"a"`) + "," + telemetryLine(`"b"`) + "]", "[" + telemetryLine(`"cut`), "[" + telemetryLine(`"c"`) + "]",
		"[]", "[" + telemetryLine(`7`) + "]",
	} {
		postTo(t, q, strings.NewReader(body))
		q.drain(t.Context())
	}
	end()
	assert.Equal(t, []string{`"a"`, `"b"`, "", `"c"`, "7"}, got)
}

// While a batch is being consumed, the next ones are answered, as many as there is room for.
func TestIntakeAnswersBeforeItConsumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		consuming, consumed := make(chan struct{}), 0
		q := newIntake(func(_ context.Context, events []lambdaapi.TelemetryEvent) { <-consuming; consumed += len(events) },
			func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
		end := run(q)
		const size = 1 << 20
		body := "[" + telemetryLine(`"`+strings.Repeat("x", size)+`"`) + "]"
		answered := 0
		go func() {
			for range 6 {
				postTo(t, q, strings.NewReader(body))
				answered++
			}
		}()
		synctest.Wait()
		assert.Equal(t, maxWaiting/size-1, answered, "what is being consumed takes room")
		assert.Zero(t, consumed)
		close(consuming)
		synctest.Wait()
		assert.Equal(t, 6, answered)
		end()
		assert.Equal(t, 6, consumed)
	})
}

// A batch that is answered is drained, also if it is not put yet.
func TestIntakeDrainsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		consumed := 0
		q := newIntake(func(_ context.Context, events []lambdaapi.TelemetryEvent) { consumed += len(events) },
			func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
		end := run(q)
		answered := make(chan struct{})
		go func() {
			b := &batch{}
			b.body.WriteString("[" + telemetryLine(`"a"`) + "]")
			q.put(t.Context(), b, func() { close(answered); time.Sleep(time.Second) })
		}()
		<-answered
		q.drain(t.Context())
		assert.Equal(t, 1, consumed)
		end()
	})
}

// A body that is being read goes before the next events, for a while.
func TestIntakeGivesWayToReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var chunks []int
		var at []time.Duration
		start := time.Now()
		q := newIntake(func(_ context.Context, events []lambdaapi.TelemetryEvent) {
			chunks, at = append(chunks, len(events)), append(at, time.Since(start))
		}, func(events []lambdaapi.TelemetryEvent) { assert.Len(t, events, 2*chunkEvents+1) }, func(err error) { t.Error(err) })
		postTo(t, q, strings.NewReader("["+strings.Repeat(telemetryLine(`"a"`)+",", 2*chunkEvents)+telemetryLine(`"b"`)+"]"))
		go func() {
			_, err := q.read(func(*batch) error { time.Sleep(readPatience + readPatience/2); return nil })
			assert.NoError(t, err)
		}()
		synctest.Wait()
		run(q)()
		assert.Equal(t, []int{chunkEvents, chunkEvents, 1}, chunks)
		assert.Equal(t, []time.Duration{readPatience, readPatience + readPatience/2, readPatience + readPatience/2}, at)
	})
}

// What was answered and cannot be consumed any more is told.
func TestIntakeTellsWhatItLeaves(t *testing.T) {
	t.Parallel()
	var rejected []string
	q := newIntake(func(context.Context, []lambdaapi.TelemetryEvent) { t.Error("consumed") },
		func([]lambdaapi.TelemetryEvent) { t.Error("all consumed") }, func(err error) { rejected = append(rejected, err.Error()) })
	postTo(t, q, strings.NewReader("["+runtimeDone+"]"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q.run(ctx)
	assert.Equal(t, []string{"the Collector ends before 120 bytes of telemetry are consumed"}, rejected)
	q.drain(t.Context()) // nobody consumes any more

	response := httptest.NewRecorder()
	listener{q}.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("[]")))
	assert.Equal(t, http.StatusServiceUnavailable, response.Code, "Lambda keeps it for the next Collector")
	assert.Len(t, rejected, 1)
}

// The end lets those go that wait for room.
func TestIntakeEndsWhileFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rejected []error
		q := newIntake(func(context.Context, []lambdaapi.TelemetryEvent) { t.Error("consumed") },
			func([]lambdaapi.TelemetryEvent) { t.Error("all consumed") }, func(err error) { rejected = append(rejected, err) })
		answers := 0
		put := func() {
			q.put(t.Context(), &batch{body: *bytes.NewBuffer(make([]byte, 3<<20))}, func() { answers++ })
		}
		put()
		ended := make(chan struct{})
		go func() { put(); close(ended) }()
		synctest.Wait()
		q.close()
		<-ended
		assert.Equal(t, 1, answers)
		assert.Len(t, rejected, 1)
	})
}
