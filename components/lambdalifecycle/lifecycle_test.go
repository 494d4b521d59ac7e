// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func noEnv(string) (string, bool) { return "", false }

// endConfig is the default with the policy that flushes at the end of each invocation.
func endConfig() *Config {
	cfg := createDefaultConfig(noEnv).(*Config)
	cfg.Policy = flushpolicy.End
	return cfg
}

// host collects what the extension reports.
type host struct{ fatal chan error }

func (*host) GetExtensions() map[component.ID]component.Component { return nil }
func (h *host) Report(e *componentstatus.Event)                   { h.fatal <- e.Err() }

// environment is a lifecycle that follows a fake supervisor, in a bubble of fake time.
type environment struct {
	*lifecycle
	t          *testing.T
	supervisor *control.Conn
	host       *host

	mu    sync.Mutex
	times []time.Time
}

// follow runs test against a lifecycle whose subscription Lambda answers with status.
func follow(t *testing.T, status int, test func(e *environment)) {
	t.Helper()
	followWith(t, endConfig(), status, test)
}

func followWith(t *testing.T, cfg *Config, status int, test func(e *environment)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		supervisor, link := connect(t)
		e := &environment{
			lifecycle:  newLifecycle(cfg, "on-demand", zap.NewNop()),
			t:          t,
			supervisor: supervisor.Conn,
			host:       &host{fatal: make(chan error, 1)},
		}
		e.lifecycle.host = e.host
		e.link = link
		e.RegisterFlusher(func(context.Context) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if n := len(e.times); n == 0 || !e.times[n-1].Equal(time.Now()) {
				e.times = append(e.times, time.Now())
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		e.wg.Go(func() { e.intake.run(ctx) })
		e.wg.Go(func() { e.run(ctx, 1234) })
		e.expect(control.Subscribe)
		require.NoError(t, e.supervisor.Send(control.Subscribed, fmt.Sprint(status, " answer")))
		e.expect(control.Next)
		test(e)
		cancel()
		supervisor.close()
		e.wg.Wait()
	})
}

// supervisorSide is the supervisor's end of a link.
type supervisorSide struct {
	*control.Conn
	close func()
}

// connect returns both ends of a link.
func connect(t *testing.T) (supervisorSide, *control.Link) {
	t.Helper()
	eventsOut, eventsIn := io.Pipe()
	requestsOut, requestsIn := io.Pipe()
	end := func() { require.NoError(t, errors.Join(eventsIn.Close(), requestsOut.Close())) }
	return supervisorSide{control.NewConn(requestsOut, eventsIn), end}, &control.Link{Conn: control.NewConn(eventsOut, requestsIn)}
}

// flushed returns when buffers were flushed. A flush right after another one finds nothing and is left out.
func (e *environment) flushed() []time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.times)
}

func (e *environment) expect(verb string) (payload string) {
	e.t.Helper()
	got, payload, err := e.supervisor.Receive()
	require.NoError(e.t, err)
	require.Equal(e.t, verb, got)
	return payload
}

func (e *environment) invoke(id string, timeout time.Duration) {
	require.NoError(e.t, e.supervisor.Send(control.Event,
		fmt.Sprintf(`{"eventType":"INVOKE","requestId":%q,"deadlineMs":%d}`, id, time.Now().Add(timeout).UnixMilli())))
	synctest.Wait()
}

func (e *environment) shutdown() { e.shutdownFor("SPINDOWN") }

func (e *environment) shutdownFor(reason string) {
	require.NoError(e.t, e.supervisor.Send(control.Event,
		fmt.Sprintf(`{"eventType":"SHUTDOWN","shutdownReason":%q,"deadlineMs":%d}`, reason, time.Now().Add(2*time.Second).UnixMilli())))
}

// deliver does what the listener does.
func (e *environment) deliver(ctx context.Context, events []lambdaapi.TelemetryEvent) {
	e.consumeTelemetry(ctx, events)
	e.noteMilestones(events)
}

func (e *environment) telemetry(eventType, id string) {
	e.deliver(e.t.Context(), []lambdaapi.TelemetryEvent{{
		Type: eventType, Record: json.RawMessage(fmt.Sprintf(`{"requestId":%q,"status":"success","metrics":{"durationMs":1000}}`, id)),
	}})
}

func TestFlushesAfterRuntimeDone(t *testing.T) {
	follow(t, 200, func(e *environment) {
		e.invoke("a", 3*time.Second)
		assert.Empty(t, e.flushed())
		time.Sleep(500 * time.Millisecond)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
		e.expect(control.Next)
		require.Len(t, e.flushed(), 1)
		assert.Equal(t, e.flushed()[0], time.Now())

		// The APIs are not ordered with each other: runtimeDone may come first.
		time.Sleep(time.Second)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "b")
		e.invoke("b", 3*time.Second)
		e.expect(control.Next)
		assert.Len(t, e.flushed(), 2)
	})
}

func TestRuntimeDoneOfAnotherInvocationDoesNotCount(t *testing.T) {
	follow(t, 200, func(e *environment) {
		e.invoke("b", 3*time.Second)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
		synctest.Wait()
		assert.Empty(t, e.flushed())
		e.telemetry(lambdaapi.PlatformRuntimeDone, "b")
		e.expect(control.Next)
		assert.Len(t, e.flushed(), 1)
	})
}

func TestFlushesBeforeTheFunctionTimesOut(t *testing.T) {
	follow(t, 200, func(e *environment) {
		begin := time.Now()
		e.invoke("a", 3*time.Second)
		e.telemetry(lambdaapi.PlatformStart, "a")
		e.expect(control.Next)
		assert.Equal(t, 3*time.Second-minDeadlineMargin, time.Since(begin))
		assert.Equal(t, []time.Time{
			begin.Add(flushpolicy.HeldFlush), begin.Add(2 * flushpolicy.HeldFlush), begin.Add(3*time.Second - 200*time.Millisecond),
		}, e.flushed())
	})
}

func TestFlushesAgainWhenTheFunctionEndsJustInTime(t *testing.T) {
	follow(t, 200, func(e *environment) {
		e.invoke("a", 3*time.Second)
		e.telemetry(lambdaapi.PlatformStart, "a")
		time.Sleep(2850 * time.Millisecond)
		synctest.Wait()
		require.Len(t, e.flushed(), 3)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
		e.expect(control.Next)
		assert.Len(t, e.flushed(), 4)
	})
}

func TestHungFlushIsBounded(t *testing.T) {
	follow(t, 200, func(e *environment) {
		unregister := e.RegisterFlusher(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		for _, timeout := range []time.Duration{time.Minute, time.Second} {
			begin := time.Now()
			e.invoke(timeout.String(), timeout)
			e.telemetry(lambdaapi.PlatformRuntimeDone, timeout.String())
			e.expect(control.Next)
			assert.Equal(t, min(e.cfg.FlushTimeout, timeout-e.cfg.DeadlineMargin), time.Since(begin))
		}
		unregister()
		unregister()
		begin := time.Now()
		e.invoke("c", time.Minute)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "c")
		e.expect(control.Next)
		assert.Equal(t, begin, time.Now())
	})
}

func TestSubscribersConsumeBeforeTheFlush(t *testing.T) {
	follow(t, 200, func(e *environment) {
		var consumed []string
		unsubscribe := e.SubscribeTelemetry([]string{"function"}, func(_ context.Context, events []lambdaapi.TelemetryEvent) {
			for _, event := range events {
				consumed = append(consumed, event.Type)
			}
		})
		e.RegisterFlusher(func(context.Context) error {
			if !slices.Contains(consumed, "flush") {
				consumed = append(consumed, "flush")
			}
			return nil
		})
		e.invoke("a", 3*time.Second)
		e.deliver(t.Context(), []lambdaapi.TelemetryEvent{
			{Type: lambdaapi.FunctionLog},
			{Type: lambdaapi.PlatformRuntimeDone, Record: json.RawMessage(`{"requestId":"a","status":"success"}`)},
			{Type: lambdaapi.FunctionLog},
		})
		e.expect(control.Next)
		assert.Equal(t, []string{"function", "platform.runtimeDone", "function", "flush"}, consumed)
		unsubscribe()
		e.telemetry(lambdaapi.PlatformStart, "b")
		assert.Len(t, consumed, 4)
	})
}

func TestShutdownWaitsForTheLastReport(t *testing.T) {
	for name, tt := range map[string]struct {
		reportAfter time.Duration
		wantWait    time.Duration
	}{
		"comes":  {20 * time.Millisecond, 20 * time.Millisecond},
		"absent": {time.Hour, lastReportPatience},
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, 200, func(e *environment) {
				e.invoke("a", 3*time.Second)
				e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
				e.expect(control.Next)
				begin := time.Now()
				timer := time.AfterFunc(tt.reportAfter, func() { e.telemetry(lambdaapi.PlatformReport, "a") })
				defer timer.Stop()
				e.shutdown()
				var end *ShutdownError
				require.ErrorAs(t, <-e.host.fatal, &end)
				assert.Equal(t, tt.wantWait, time.Since(begin))
				assert.Equal(t, lambdaapi.Spindown, end.Reason)
				assert.Equal(t, begin.Add(1800*time.Millisecond).UnixMilli(), end.Deadline.UnixMilli())
			})
		})
	}
}

func TestShutdownWithoutInvocationIsImmediate(t *testing.T) {
	follow(t, 200, func(e *environment) {
		begin := time.Now()
		e.shutdown()
		<-e.host.fatal
		assert.Equal(t, begin, time.Now())
	})
}

// TestShutdownConsumesWhatWasAnswered: Lambda will not send it again, and it leaves with the last flush.
func TestShutdownConsumesWhatWasAnswered(t *testing.T) {
	follow(t, 200, func(e *environment) {
		var consumed time.Time
		e.SubscribeTelemetry([]string{"function"}, func(context.Context, []lambdaapi.TelemetryEvent) {
			time.Sleep(200 * time.Millisecond) // for example under a small share of a CPU
			consumed = time.Now()
		})
		postTo(t, e.intake, strings.NewReader("["+telemetryLine(`"a"`)+"]"))
		e.shutdown()
		<-e.host.fatal
		assert.Equal(t, consumed, time.Now())
		e.mu.Lock()
		defer e.mu.Unlock()
		require.NotEmpty(t, e.times)
		assert.Equal(t, consumed, e.times[len(e.times)-1], "the last flush")
	})
}

// TestShutdownOfAFailedInit waits for what tells why, also if an INIT has failed before.
func TestShutdownOfAFailedInit(t *testing.T) {
	for name, tt := range map[string]struct {
		reportAfter, wantWait time.Duration
	}{
		"told before": {0, 0},
		"comes":       {40 * time.Millisecond, 40 * time.Millisecond},
		"absent":      {time.Hour, lastLinesPatience},
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, 200, func(e *environment) {
				for _, event := range []string{lambdaapi.PlatformInitStart, lambdaapi.PlatformInitReport, lambdaapi.PlatformInitStart} {
					e.telemetry(event, "")
				}
				begin := time.Now()
				timer := time.AfterFunc(tt.reportAfter, func() { e.telemetry(lambdaapi.PlatformInitReport, "") })
				defer timer.Stop()
				synctest.Wait()
				e.shutdownFor("FAILURE")
				<-e.host.fatal
				assert.Equal(t, tt.wantWait, time.Since(begin))
			})
		})
	}
}

func TestShutdownIsAnnouncedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		invoke, done bool
		unfinished   string
	}{
		"finished":      {true, true, ""},
		"unfinished":    {true, false, "a"},
		"never invoked": {false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, 200, func(e *environment) {
				if tt.invoke {
					e.invoke("a", time.Second)
					if tt.done {
						e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
					}
					e.expect(control.Next)
				}
				var announced []string
				note := func(ctx context.Context, reason lambdaapi.ShutdownReason, unfinished string) {
					deadline, _ := ctx.Deadline()
					assert.Positive(t, time.Until(deadline))
					announced = append(announced, string(reason)+" "+unfinished)
				}
				e.SubscribeShutdown(note)
				unsubscribe := e.SubscribeShutdown(note)
				unsubscribe()
				unsubscribe()
				e.shutdown()
				<-e.host.fatal
				assert.Equal(t, []string{"spindown " + tt.unfinished}, announced)
			})
		})
	}
}

func TestWithoutTelemetryAPIBuffersAreFlushedByTimer(t *testing.T) {
	for _, status := range []int{202, 404, 403} {
		follow(t, status, func(e *environment) {
			begin := time.Now()
			e.invoke("a", time.Minute)
			e.expect(control.Next)
			assert.Equal(t, begin, time.Now(), "there is no runtimeDone to wait for")
			time.Sleep(3*intervalContinuous + time.Millisecond)
			synctest.Wait()
			assert.Len(t, e.flushed(), 4, "beside the function, and three times by timer")
		})
	}
}

func TestLostSupervisorEndsTheCollector(t *testing.T) {
	follow(t, 200, func(e *environment) {
		require.NoError(t, e.supervisor.Send(control.Event, "nonsense"))
		require.ErrorContains(t, <-e.host.fatal, "decode lifecycle event")
	})
}

func TestSubscription(t *testing.T) {
	l := newLifecycle(endConfig(), "on-demand", zap.NewNop())
	l.SubscribeTelemetry([]string{"function", "platform"}, nil)
	l.SubscribeTelemetry([]string{"extension", "function"}, nil)
	s := l.subscription(1234)
	assert.Equal(t, []string{"platform", "function", "extension"}, s.Types)
	assert.Equal(t, "http://sandbox.localdomain:1234/", s.Destination.URI)
	assert.Equal(t, lambdaapi.DefaultBuffering(), s.Buffering)
	l.BufferTelemetry(lambdaapi.Buffering{MaxItems: 1000, MaxBytes: 1 << 20, TimeoutMs: 1000})
	withdraw := l.BufferTelemetry(lambdaapi.Buffering{MaxItems: 2000, MaxBytes: 1 << 19, TimeoutMs: 50})
	assert.Equal(t, lambdaapi.Buffering{MaxItems: 2000, MaxBytes: 1 << 20, TimeoutMs: 50}, l.subscription(1234).Buffering)
	withdraw()
	assert.Equal(t, 1000, l.subscription(1234).Buffering.TimeoutMs)
}

func TestRetryUnderTheSameRequestID(t *testing.T) {
	follow(t, 200, func(e *environment) {
		for range 2 {
			time.Sleep(time.Second) // fake
			before := len(e.flushed())
			e.invoke("a", 3*time.Second)
			assert.Len(t, e.flushed(), before, "the end of the first attempt is not that of the second")
			e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
			e.expect(control.Next)
			assert.Greater(t, len(e.flushed()), before)
		}
	})
}
