// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// TestUnheardEndHoldsOnce: one invocation whose end is not told is held to its deadline; those after it for no longer than
// the function has taken before, until an end is told again.
func TestUnheardEndHoldsOnce(t *testing.T) {
	follow(t, 200, func(e *environment) {
		run := func(id string, told bool) (held time.Duration) {
			begin := time.Now()
			e.invoke(id, time.Minute)
			e.telemetry(lambdaapi.PlatformStart, id)
			if told {
				e.telemetry(lambdaapi.PlatformRuntimeDone, id)
			}
			e.expect(control.Next)
			return time.Since(begin)
		}
		assert.Zero(t, run("a", true))
		assert.Equal(t, time.Minute-minDeadlineMargin, run("b", false))
		for i := range 5 {
			assert.Equal(t, flushpolicy.HeldFlush, run(fmt.Sprint("unheard ", i), false))
		}
		e.telemetry(lambdaapi.PlatformRuntimeDone, "unheard 4") // after all
		time.Sleep(time.Second)
		begin := time.Now()
		e.invoke("c", time.Minute)
		e.telemetry(lambdaapi.PlatformStart, "c")
		time.Sleep(30 * time.Second)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "c")
		e.expect(control.Next)
		assert.Equal(t, 30*time.Second, time.Since(begin), "held to its end")
	})
}

// TestSilence: an environment is not held to a deadline for the end of an invocation of which Lambda tells nothing.
func TestSilence(t *testing.T) {
	follow(t, 200, func(e *environment) {
		begin := time.Now()
		e.invoke("a", time.Minute)
		e.expect(control.Next)
		assert.Equal(t, silencePatience, time.Since(begin))
		begin = time.Now()
		e.invoke("b", time.Minute)
		e.expect(control.Next)
		assert.Equal(t, flushpolicy.HeldFlush, time.Since(begin))
	})
}

// TestDroppedEnd: when Lambda has dropped telemetry, the end of the invocation may be among it. The environment is held
// for as long as the function is heard, and a while longer; what was said by then has left.
func TestDroppedEnd(t *testing.T) {
	const event, id = time.Minute, "a"
	for name, tt := range map[string]struct {
		tell func(e *environment)
		held time.Duration
	}{
		"the end among it": {func(e *environment) {
			e.telemetry(lambdaapi.PlatformStart, id)
			time.Sleep(100 * time.Millisecond)
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
		}, 100*time.Millisecond + silencePatience},
		"before it was asked": {func(e *environment) { // nothing else is heard
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
		}, silencePatience},
		"lines among it": {func(e *environment) {
			e.telemetry(lambdaapi.PlatformStart, id)
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
			time.Sleep(100 * time.Millisecond)
			e.telemetry(lambdaapi.PlatformRuntimeDone, id)
		}, 100 * time.Millisecond},
		"the function goes on": {func(e *environment) {
			e.telemetry(lambdaapi.PlatformStart, id)
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
			for range 20 {
				time.Sleep(silencePatience / 2)
				e.telemetry(lambdaapi.FunctionLog, "")
			}
		}, 11 * silencePatience},
		"others go on": {func(e *environment) {
			e.telemetry(lambdaapi.PlatformStart, id)
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
			time.Sleep(silencePatience / 2)
			e.telemetry(lambdaapi.ExtensionLog, "")
		}, silencePatience},
		"of the invocation before": {func(e *environment) {
			e.telemetry(lambdaapi.PlatformLogsDropped, "")
			e.telemetry(lambdaapi.PlatformStart, id)
			e.telemetry(lambdaapi.PlatformRuntimeDone, "late")
			time.Sleep(3 * silencePatience)
			e.telemetry(lambdaapi.PlatformRuntimeDone, id)
		}, 3 * silencePatience},
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, 200, func(e *environment) {
				begin := time.Now()
				e.invoke(id, event)
				tt.tell(e)
				e.expect(control.Next)
				assert.Equal(t, tt.held, time.Since(begin))
				require.NotEmpty(t, e.flushed())
				assert.Equal(t, time.Now(), e.flushed()[len(e.flushed())-1], "nothing is left behind")
			})
		})
	}
}

// TestConnectionsAreOpenedBesideTheFunction: while it runs; when the next event is asked for, none is being opened.
func TestConnectionsAreOpenedBesideTheFunction(t *testing.T) {
	follow(t, 200, func(e *environment) {
		var began, ended atomic.Int32
		unregister := e.RegisterOpener(func(ctx context.Context) error {
			began.Add(1)
			defer ended.Add(1)
			<-ctx.Done() // a backend that does not answer
			return ctx.Err()
		})
		begin := time.Now()
		e.invoke("a", time.Minute)
		assert.Equal(t, int32(1), began.Load())
		assert.Zero(t, ended.Load())
		time.Sleep(100 * time.Millisecond)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
		e.expect(control.Next)
		assert.Equal(t, int32(1), ended.Load())
		assert.Equal(t, 100*time.Millisecond, time.Since(begin))
		unregister()
		e.invoke("b", time.Minute)
		assert.Equal(t, int32(1), began.Load())
		e.telemetry(lambdaapi.PlatformRuntimeDone, "b")
		e.expect(control.Next)
	})
}

// TestOverrun: from the end that Lambda tells until the environment is held no longer.
func TestOverrun(t *testing.T) {
	cfg := withPolicy(flushpolicy.End)
	followWith(t, cfg, 200, func(e *environment) {
		e.slowly(300*time.Millisecond, never)
		var overruns []time.Duration
		unsubscribe := e.SubscribeOverrun(func(d time.Duration) { overruns = append(overruns, d) })
		e.invoke("a", time.Minute)
		ended := time.Now()
		time.Sleep(25 * time.Millisecond)
		e.deliver(t.Context(), []lambdaapi.TelemetryEvent{{
			Time: ended, Type: lambdaapi.PlatformRuntimeDone, Record: json.RawMessage(`{"requestId":"a","status":"success"}`),
		}})
		e.expect(control.Next)
		assert.Equal(t, []time.Duration{625 * time.Millisecond}, overruns, "two flushes of 300 ms")

		// Told only when the environment was let go: a function that timed out, or telemetry that was late.
		e.invoke("b", time.Second)
		e.telemetry(lambdaapi.PlatformStart, "b")
		e.expect(control.Next)
		released := time.Now()
		e.deliver(t.Context(), []lambdaapi.TelemetryEvent{{
			Time: released.Add(time.Second), Type: lambdaapi.PlatformRuntimeDone, Record: json.RawMessage(`{"requestId":"b","status":"timeout"}`),
		}})
		assert.Equal(t, time.Duration(0), overruns[len(overruns)-1])
		assert.Len(t, overruns, 2)
		unsubscribe()
		unsubscribe()
	})
}

func TestInstance(t *testing.T) {
	follow(t, 200, func(e *environment) {
		assert.Empty(t, e.Instance())
		const logStream = "2026/01/02/[$LATEST]2f399eb14537447da05ab2a2e39309de"
		e.deliver(t.Context(), []lambdaapi.TelemetryEvent{{
			Type: lambdaapi.PlatformInitStart, Record: json.RawMessage(fmt.Sprintf(`{"instanceId":%q}`, logStream)),
		}})
		assert.Equal(t, logStream, e.Instance())
	})
}

// TestInitLeavesBeforeTheFirstFreeze where no invocation waits for it; on demand nobody waits for the end of INIT.
func TestInitLeavesBeforeTheFirstFreeze(t *testing.T) {
	for initialization, tt := range map[string]struct {
		started, done time.Duration // 0: not told
		ready         time.Duration
		flushed       bool
	}{
		"on-demand":               {started: time.Millisecond, done: 5 * time.Second},
		"provisioned-concurrency": {started: time.Millisecond, done: 5 * time.Second, ready: 5 * time.Second, flushed: true},
		"snap-start":              {started: time.Millisecond, done: 5 * time.Second, ready: 5 * time.Second, flushed: true},
	} {
		t.Run(initialization, func(t *testing.T) {
			initOf(t, initialization, tt.started, tt.done, func(ready time.Duration, flushes int) {
				assert.Equal(t, tt.ready, ready)
				assert.Equal(t, tt.flushed, flushes > 0)
			})
		})
	}
	t.Run("end not told", func(t *testing.T) {
		initOf(t, "provisioned-concurrency", time.Millisecond, 0, func(ready time.Duration, flushes int) {
			assert.Equal(t, time.Millisecond+lambdaapi.AheadPatience, ready)
			assert.Equal(t, 1, flushes)
		})
	})
	t.Run("started later", func(t *testing.T) {
		initOf(t, "provisioned-concurrency", 0, 0, func(ready time.Duration, flushes int) {
			assert.Equal(t, initSign, ready)
			assert.Zero(t, flushes)
		})
	})
}

// initOf follows an INIT, of which Lambda tells the begin and the end at these times, if any, until the first event is
// asked for.
func initOf(t *testing.T, initialization string, started, done time.Duration, test func(ready time.Duration, flushes int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		supervisor, link := connect(t)
		l := newLifecycle(endConfig(), initialization, zap.NewNop())
		l.host, l.link = &host{fatal: make(chan error, 1)}, link
		flushes := 0
		l.RegisterFlusher(func(context.Context) error {
			flushes++
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		l.wg.Go(func() { l.run(ctx, 1234) })
		receive := func(verb string) {
			got, _, err := supervisor.Receive()
			require.NoError(t, err)
			require.Equal(t, verb, got)
		}
		receive(control.Subscribe)
		require.NoError(t, supervisor.Send(control.Subscribed, "200 OK"))
		began := time.Now()
		for event, at := range map[string]time.Duration{lambdaapi.PlatformInitStart: started, lambdaapi.PlatformInitRuntimeDone: done} {
			if at > 0 {
				timer := time.AfterFunc(at, func() { l.noteMilestones([]lambdaapi.TelemetryEvent{{Type: event, Record: json.RawMessage(`{}`)}}) })
				defer timer.Stop()
			}
		}
		receive(control.Next)
		test(time.Since(began), flushes)
		cancel()
		supervisor.close()
		l.wg.Wait()
	})
}
