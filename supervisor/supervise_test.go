// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestMain(m *testing.M) {
	if how := os.Getenv(crashVar); how != "" {
		crashNow(how)
		return
	}
	goleak.VerifyTestMain(m)
}

// environment is a supervisor between a fake Lambda and fake collectors, in a bubble of fake time.
type environment struct {
	t          *testing.T
	events     chan string   // what event/next returns
	asked      chan struct{} // event/next was called
	subscribed []string
	failed     []string // error types and bodies of init/error
	collectors chan *fakeCollector
	broken     bool // the collector cannot be started
	out        strings.Builder
	ended      chan error
}

// fakeCollector is the collector's side of the control protocol.
type fakeCollector struct {
	t      *testing.T
	conn   *control.Conn
	exit   chan error
	killed chan struct{}
}

func (e *environment) finishRegister() ([]byte, error) { return []byte(`{"functionName":"f"}`), nil }

func (e *environment) next() ([]byte, error) {
	e.asked <- struct{}{}
	event, ok := <-e.events
	if !ok {
		return nil, errors.New("gone")
	}
	return []byte(event), nil
}

func (e *environment) subscribe(body string) (response, error) {
	e.subscribed = append(e.subscribed, body)
	return response{status: 200, body: []byte(`"OK"`)}, nil
}

func (e *environment) fail(errorType, body string) error {
	e.failed = append(e.failed, errorType, body)
	return nil
}

func (e *environment) start(*os.File) (*collector, error) {
	if e.broken {
		return nil, errors.New("no such file")
	}
	eventsOut, eventsIn := io.Pipe()
	requestsOut, requestsIn := io.Pipe()
	fake := &fakeCollector{
		t:      e.t,
		conn:   control.NewConn(eventsOut, requestsIn),
		exit:   make(chan error, 1),
		killed: make(chan struct{}),
	}
	c := &collector{
		conn:     control.NewConn(requestsOut, eventsIn),
		pipes:    []io.Closer{eventsIn, eventsOut, requestsOut, requestsIn},
		messages: make(chan message),
		exited:   fake.exit,
		kill: func() {
			close(fake.killed)
			fake.exit <- errors.New("signal: killed")
		},
	}
	go c.receive(c.messages)
	e.collectors <- fake
	return c, nil
}

// inEnvironment runs a supervisor with test in a bubble.
func inEnvironment(t *testing.T, broken bool, test func(e *environment)) {
	t.Helper()
	inEnvironmentWith(t, broken, func(*supervisor) {}, test)
}

func inEnvironmentWith(t *testing.T, broken bool, configure func(*supervisor), test func(e *environment)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &environment{
			t: t, broken: broken,
			events: make(chan string), asked: make(chan struct{}),
			collectors: make(chan *fakeCollector, 4), ended: make(chan error, 1),
		}
		s := &supervisor{api: e, log: logger{out: &e.out}, now: time.Now, start: e.start}
		configure(s)
		go func() { e.ended <- s.run() }()
		test(e)
	})
}

func (e *environment) invoke(id string, timeout time.Duration) {
	e.events <- `{"eventType":"INVOKE","requestId":"` + id + `","deadlineMs":` + epochMs(timeout) + `}`
}

func (e *environment) shutdown() {
	e.events <- `{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":` + epochMs(2*time.Second) + `}`
}

func epochMs(in time.Duration) string { return strconv.FormatInt(time.Now().Add(in).UnixMilli(), 10) }

// expect receives one message.
func (c *fakeCollector) expect(verb string) (payload string) {
	c.t.Helper()
	got, payload, err := c.conn.Receive()
	require.NoError(c.t, err)
	require.Equal(c.t, verb, got)
	return payload
}

func (c *fakeCollector) send(verb, payload string) { require.NoError(c.t, c.conn.Send(verb, payload)) }

// collector returns the collector that was started last, greeted.
func (e *environment) collector() *fakeCollector {
	c := <-e.collectors
	assert.JSONEq(e.t, `{"functionName":"f"}`, c.expect(control.Hello))
	return c
}

func TestRelaysLifecycle(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Subscribe, `{"types":["platform"]}`)
		assert.Equal(t, `200 "OK"`, c.expect(control.Subscribed))
		c.send(control.Next, "")
		<-e.asked
		e.invoke("a", 3*time.Second)
		assert.Contains(t, c.expect(control.Event), `"requestId":"a"`)
		c.send(control.Next, "")
		<-e.asked
		e.shutdown()
		assert.Contains(t, c.expect(control.Event), "SHUTDOWN")
		c.exit <- nil
		require.NoError(t, <-e.ended)
		assert.Equal(t, []string{`{"types":["platform"]}`}, e.subscribed)
		assert.Empty(t, e.out.String())
	})
}

func TestFunctionRunsWithoutCollector(t *testing.T) {
	inEnvironment(t, true, func(e *environment) {
		for _, id := range []string{"a", "b", "c"} {
			<-e.asked
			e.invoke(id, 3*time.Second)
		}
		<-e.asked
		e.shutdown()
		require.NoError(t, <-e.ended)
		require.Len(t, e.subscribed, 1, "a later collector needs the subscription")
		assert.Contains(t, e.subscribed[0], `"types":["platform","function","extension"]`)
		assert.Contains(t, e.out.String(), "no such file; the function is not affected")
	})
}

// A collector that asks to fail INIT gets that, and only then.
func TestStrictCollector(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Fail, `Extension.ConfigInvalid {"errorType":"Extension.ConfigInvalid"}`)
		require.NoError(t, <-e.ended)
		<-c.killed
		assert.Equal(t, []string{"Extension.ConfigInvalid", `{"errorType":"Extension.ConfigInvalid"}`}, e.failed)
		assert.Empty(t, e.out.String(), "the collector has said it")
	})
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		c.send(control.Fail, `Extension.ConfigInvalid {}`)
		c.expect(control.Refused)
		e.end(c)
		assert.Empty(t, e.failed)
	})
}

// TestCrashedCollectorIsRestarted: at once, within the same event; if it crashes again, at the first invocation after a
// pause.
func TestCrashedCollectorIsRestarted(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		e.invoke("a", 3*time.Second)
		c.expect(control.Event)
		c.exit <- errors.New("signal: segmentation fault")
		c = e.collector()
		synctest.Wait()
		assert.Empty(t, e.asked, "the environment is held until it is ready")
		c.send(control.Subscribe, `{}`)
		c.expect(control.Subscribed)
		c.send(control.Next, "")
		<-e.asked
		assert.Contains(t, e.out.String(), "the collector ended (signal: segmentation fault); the function is not affected, what had not left is lost, and the collector is started again at once")
		e.invoke("b", 3*time.Second)
		assert.Contains(t, c.expect(control.Event), `"requestId":"b"`)
		c.exit <- errors.New("signal: segmentation fault")
		<-e.asked // at once, in the same invocation
		e.invoke("c", 3*time.Second)
		<-e.asked // too early for a restart
		time.Sleep(restartMin)
		e.invoke("d", 3*time.Second)
		c = e.collector()
		c.send(control.Next, "")
		assert.Contains(t, c.expect(control.Event), `"requestId":"d"`)
		c.send(control.Next, "")
		<-e.asked
		assert.Len(t, e.subscribed, 1)
		assert.Contains(t, e.out.String(), "telemetry stops until the collector is started again, in 1s at the earliest")
		e.end(c)
	})
}

// TestCollectorThatCrashesBetweenInvocations is there for the next one.
func TestCollectorThatCrashesBetweenInvocations(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		c.exit <- errors.New("signal: killed")
		c = e.collector()
		c.send(control.Next, "")
		e.invoke("a", 3*time.Second)
		c.expect(control.Event)
		c.send(control.Next, "")
		<-e.asked
		e.end(c)
	})
}

// TestCollectorThatCrashesAtTheStart costs INIT no more than one that is slow.
func TestCollectorThatCrashesAtTheStart(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		begin := time.Now()
		e.collector().exit <- errors.New("exit status 2")
		c := e.collector()
		<-e.asked
		assert.Equal(t, initPatience, time.Since(begin))
		c.exit <- errors.New("exit status 2")
		e.shutdown()
		require.NoError(t, <-e.ended)
	})
}

func TestPauseBetweenRestartsGrows(t *testing.T) {
	s := &supervisor{log: logger{out: io.Discard}, now: time.Now, startedAt: time.Now()}
	assert.True(t, s.planRestart("x"))
	var pauses []time.Duration
	for range 12 {
		s.startedAt = time.Now()
		assert.False(t, s.planRestart("x"))
		pauses = append(pauses, time.Until(s.restartAt).Round(time.Second))
	}
	assert.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}, scale(pauses, time.Second))
	s.startedAt = time.Now().Add(-2 * restartReset)
	assert.True(t, s.planRestart("x"))
}

func scale(ds []time.Duration, by time.Duration) []time.Duration {
	for i := range ds {
		ds[i] /= by
	}
	return ds
}

func TestCollectorThatIsNotReadyDoesNotHoldInit(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		begin := time.Now()
		c := e.collector()
		<-e.asked
		assert.Equal(t, initPatience, time.Since(begin))
		e.invoke("a", 30*time.Second)
		c.send(control.Next, "") // ready at last, within the invocation
		assert.Contains(t, c.expect(control.Event), `"requestId":"a"`)
		c.send(control.Next, "")
		<-e.asked
		e.end(c)
	})
}

// TestInitThatNobodyWaitsForMayLast: where environments are started ahead, the collector follows the function's INIT.
func TestInitThatNobodyWaitsForMayLast(t *testing.T) {
	inEnvironmentWith(t, false, func(s *supervisor) { s.ahead = true }, func(e *environment) {
		begin := time.Now()
		c := e.collector()
		<-e.asked
		assert.Equal(t, initPatience+lambdaapi.AheadPatience, time.Since(begin))
		assert.Contains(t, e.out.String(), "not ready after 12s")
		c.send(control.Next, "")
		e.end(c)
	})
}

func TestSlowStartIsNotKilled(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		<-e.asked // INIT does not wait longer than initPatience
		for range 3 {
			begin := time.Now()
			e.invoke("a", time.Minute)
			<-e.asked
			assert.Equal(t, readyPatience, time.Since(begin))
		}
		time.Sleep(startPatience)
		e.invoke("b", time.Minute)
		<-c.killed
		<-e.asked
		e.shutdown()
		require.NoError(t, <-e.ended)
	})
}

func TestStuckCollectorIsKilled(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		begin := time.Now()
		e.invoke("a", 3*time.Second)
		c.expect(control.Event)
		<-e.asked // the collector has not answered
		assert.Equal(t, 3*time.Second-deadlineMargin, time.Since(begin))
		begin = time.Now()
		e.invoke("b", 10*time.Second)
		<-c.killed
		<-e.asked
		assert.Equal(t, readyPatience, time.Since(begin))
		e.shutdown()
		require.NoError(t, <-e.ended)
	})
}

func TestShutdownDoesNotWaitForStuckCollector(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		begin := time.Now()
		e.shutdown()
		c.expect(control.Event)
		<-c.killed
		require.NoError(t, <-e.ended)
		assert.Equal(t, 2*time.Second-deadlineMargin, time.Since(begin))
	})
}

// TestRenewedCollector: a collector that asks for it is replaced when it is done with its event, within the event, and
// nothing is said about it.
func TestRenewedCollector(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		renewed := e.renewed()
		time.Sleep(time.Second) // it needs its time
		renewed.send(control.Next, "")
		<-e.asked
		e.invoke("b", time.Minute)
		assert.Contains(t, renewed.expect(control.Event), `"requestId":"b"`)
		renewed.send(control.Next, "")
		<-e.asked
		assert.Empty(t, e.out.String())
		e.shutdown()
		renewed.expect(control.Event)
		renewed.exit <- nil
		require.NoError(t, <-e.ended)
	})
}

// TestRenewedCollectorThatIsSlow does not hold the environment for long.
func TestRenewedCollectorThatIsSlow(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		renewed := e.renewed()
		begin := time.Now()
		<-e.asked
		assert.Equal(t, readyPatience, time.Since(begin))
		renewed.send(control.Next, "")
		e.shutdown()
		renewed.expect(control.Event)
		renewed.exit <- nil
		require.NoError(t, <-e.ended)
	})
}

// TestRenewedCollectorOfManagedInstances: no invocation will come that the collector could be done with.
func TestRenewedCollectorOfManagedInstances(t *testing.T) {
	killed := 0
	s := &supervisor{managed: true, collector: &collector{kill: func() { killed++ }}}
	done, err := s.handleMessage(message{verb: control.Renew})
	require.NoError(t, err)
	assert.False(t, done)
	assert.Equal(t, 1, killed)
	assert.True(t, s.renew)
}

// renewed returns a collector that took the place of one that asked for it during invocation "a".
func (e *environment) renewed() *fakeCollector {
	old := e.collector()
	old.send(control.Next, "")
	<-e.asked
	e.invoke("a", time.Minute)
	old.expect(control.Event)
	old.send(control.Renew, "")
	synctest.Wait()
	assert.Empty(e.t, e.collectors, "not while the function runs")
	old.send(control.Next, "")
	<-old.killed
	return e.collector()
}

// end shuts the environment down, which the collector hears of and obeys, and the supervisor ends without an error.
func (e *environment) end(c *fakeCollector) {
	e.t.Helper()
	e.shutdown()
	c.expect(control.Event)
	c.exit <- nil
	require.NoError(e.t, <-e.ended)
}

func TestUnknownEventIsPassedOver(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		e.events <- `{"eventType":"REHEARSAL"}`
		<-e.asked
		e.end(c)
	})
}

func TestLostRuntimeAPIEndsTheSupervisor(t *testing.T) {
	inEnvironment(t, false, func(e *environment) {
		c := e.collector()
		c.send(control.Next, "")
		<-e.asked
		close(e.events)
		<-c.killed
		require.EqualError(t, <-e.ended, "gone")
	})
}
