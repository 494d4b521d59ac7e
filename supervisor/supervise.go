// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	// initPatience is how long INIT waits for the collector, which is ready in 10-20 ms unless something that it needs
	// does not answer. Lambda ends INIT after 10 s; after a reset it runs within the timeout of the function, 3 s by
	// default, and would time out again and again.
	initPatience = 2 * time.Second
	// readyPatience is how long an invocation waits for a collector that is not ready for its event: one that was
	// just restarted (10-20 ms with a full CPU, 250 ms with a tenth of one), or one that is stuck.
	readyPatience = 2 * time.Second
	// startPatience is how long a collector may take to become ready before it counts as stuck.
	startPatience = 20 * time.Second
	// deadlineMargin is how long before the deadline of an event the supervisor stops waiting for the collector. The
	// collector's own margin is wider: this one is for a collector that is stuck.
	deadlineMargin = 50 * time.Millisecond
	// A collector that crashes is started again at once; if it crashes again within restartReset, or cannot be started, or
	// was stuck, at the first invocation after a pause, which doubles from restartMin to restartMax.
	restartMin   = time.Second
	restartMax   = 5 * time.Minute
	restartReset = time.Minute
	// failedStatus stands for the answer to a subscription that Lambda has not given.
	failedStatus = 500
)

// lambda is the supervisor's view of the Lambda APIs.
type lambda interface {
	finishRegister() ([]byte, error)
	next() ([]byte, error)
	subscribe(body string) (response, error)
	fail(errorType, body string) error
}

// supervisor relays lifecycle events to the collector, one at a time. An event holds the environment until the
// collector asks for the next one, ends, or has used up its time; then the supervisor asks Lambda for the next.
type supervisor struct {
	api   lambda
	log   logger
	now   func() time.Time
	start func(telemetry *os.File) (*collector, error)

	managed    bool // Lambda Managed Instances: no INVOKE events, never frozen
	ahead      bool // INIT is not part of an invocation: nobody waits for its end
	telemetry  *os.File
	hello      string
	port       int      // of the telemetry socket
	subscribed response // Lambda's answer to the one subscription; status 0 until then

	collector  *collector // nil while none runs
	startedAt  time.Time
	ready      bool // the collector has asked for an event before
	waiting    bool // the collector has asked for the next event
	renew      bool // the collector has asked for another one in its place
	failures   int
	restartAt  time.Time   // wall clock: the other one may stand still in a frozen environment
	restart    *time.Timer // managed only
	event      *held       // nil while Lambda has been asked for the next event
	guard      *time.Timer // when event has used up its time
	lambdaNext chan next
}

// held is the event that holds the environment: INIT itself, or what event/next brought.
type held struct {
	lambdaapi.Event
	raw   string
	given bool // the collector has been handed it (INIT: needs no handing)
}

// next is the outcome of one event/next request.
type next struct {
	body []byte
	err  error
}

// run supervises until SHUTDOWN; an error means that Lambda cannot be talked to.
func (s *supervisor) run() error {
	var err error
	if s.telemetry, s.port, err = listenTelemetry(); err != nil {
		return err
	}
	defer func() { _ = s.telemetry.Close() }()
	s.lambdaNext = make(chan next, 1)
	s.guard = stoppedTimer()
	s.restart = stoppedTimer()
	s.event = &held{given: true} // INIT

	s.startCollector()
	registration, err := s.api.finishRegister()
	if err != nil {
		s.endCollector()
		return err
	}
	s.hello = string(registration)
	if s.collector == nil {
		s.askLambda()
	} else {
		s.greet()
		patience := initPatience
		if s.ahead { // the collector follows the function's INIT to its end
			patience += lambdaapi.AheadPatience
		}
		s.guard.Reset(patience)
	}
	return s.loop()
}

func (s *supervisor) loop() error {
	for {
		var messages chan message
		var exited chan error
		if s.collector != nil {
			messages, exited = s.collector.messages, s.collector.exited
		}
		select {
		case m, ok := <-messages:
			if !ok {
				s.collector.messages = nil // its end is about to arrive on exited
				continue
			}
			done, err := s.handleMessage(m)
			if done || err != nil {
				s.endCollector()
				return err
			}
		case err := <-exited:
			if s.handleExit(err) {
				return nil
			}
		case n := <-s.lambdaNext:
			done, err := s.handleEvent(n)
			if done || err != nil {
				s.endCollector()
				return err
			}
		case <-s.guard.C:
			if s.handleGuard() {
				s.endCollector()
				return nil
			}
		case <-s.restart.C:
			s.startCollector()
			s.greet()
		}
	}
}

// handleMessage serves a request of the collector. It reports true when that is the end of the environment.
func (s *supervisor) handleMessage(m message) (done bool, err error) {
	switch m.verb {
	case control.Subscribe:
		s.subscribe(m.payload)
		status := s.subscribed.status
		if status == 0 {
			status = failedStatus
		}
		s.send(control.Subscribed, strconv.Itoa(status)+" "+oneLine(s.subscribed.body))
	case control.Renew:
		s.renew = true
		if s.managed && s.event == nil { // no event will come that it could be done with
			s.collector.kill()
		}
	case control.Next:
		s.ready, s.waiting = true, true
		switch {
		case s.event == nil:
		case s.event.given && s.renew:
			s.collector.kill() // nothing is in flight, and the function does not run
		case s.event.given:
			s.askLambda()
		default:
			s.give()
		}
	case control.Fail:
		// After INIT it would fail invocations, and there is nobody who asked for that.
		if s.event != nil && s.event.raw == "" {
			errorType, body, _ := strings.Cut(m.payload, " ")
			return true, s.api.fail(errorType, body)
		}
		s.send(control.Refused, "")
	}
	return false, nil
}

// handleExit notes that the collector ended. It reports true when that is the end of the environment.
func (s *supervisor) handleExit(err error) bool {
	s.collector.release()
	s.collector, s.waiting = nil, false
	if s.event != nil && s.event.Type == lambdaapi.Shutdown {
		return true
	}
	if s.renew {
		s.renew = false
		if s.startCollector() {
			s.awaitCollector()
			return false
		}
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	if s.planRestart(fmt.Sprintf("the collector ended (%v)", err)) && s.startCollector() {
		s.awaitCollector()
		return false
	}
	if s.event != nil {
		s.askLambda()
	}
	return false
}

// awaitCollector greets a collector that has taken another one's place. The environment is held until it is ready: its
// ports are open again when the function runs the next time.
func (s *supervisor) awaitCollector() {
	s.greet()
	if s.event != nil && s.event.raw != "" { // INIT has its own patience
		s.guard.Reset(min(readyPatience, s.untilDeadline()))
	}
}

// handleEvent takes what event/next brought. It reports true when there is nothing left to do.
func (s *supervisor) handleEvent(n next) (done bool, err error) {
	if n.err != nil {
		return true, n.err
	}
	event, err := lambdaapi.DecodeEvent(n.body)
	if err != nil {
		// An event of a kind that we do not know must not end the environment.
		s.log.warn(err.Error())
		s.askLambda()
		return false, nil
	}
	s.event = &held{Event: event, raw: string(n.body)}
	if s.collector == nil {
		if event.Type == lambdaapi.Shutdown {
			return true, nil
		}
		if s.now().Before(s.restartAt) || !s.startCollector() {
			s.askLambda()
			return false, nil
		}
		s.greet()
	}
	if s.waiting {
		s.give()
	} else {
		s.guard.Reset(min(readyPatience, s.untilDeadline()))
	}
	return false, nil
}

// handleGuard acts when the held event has used up its time. It reports true at the end of SHUTDOWN.
func (s *supervisor) handleGuard() bool {
	switch {
	case s.event.Type == lambdaapi.Shutdown:
		s.log.warn("the collector did not end in time; telemetry may be incomplete")
		return true
	case s.event.raw != "" && !s.ready && s.now().Sub(s.startedAt) < startPatience:
		s.askLambda() // it takes its time to start; a later invocation may find it ready
	case !s.event.given:
		s.log.error("the collector does not answer and is stopped")
		s.failures = max(s.failures, 1) // what is stuck may be stuck again: the environment is not held for another one
		s.collector.kill()              // handleExit lets the environment go
	case s.event.Type == lambdaapi.Invoke:
		s.log.warn("the collector did not finish invocation " + strconv.Quote(s.event.RequestID) + " in time; its telemetry leaves later")
		s.askLambda()
	default:
		s.log.warn("the collector is not ready after " + s.now().Sub(s.startedAt).Round(time.Second).String() + "; the function runs without it until it is")
		s.askLambda()
	}
	return false
}

// give hands the held event to the collector, which has asked for it.
func (s *supervisor) give() {
	s.event.given, s.waiting = true, false
	s.guard.Reset(s.untilDeadline())
	s.send(control.Event, s.event.raw)
}

// askLambda lets the environment go: it may be frozen from here on.
func (s *supervisor) askLambda() {
	s.event = nil
	s.guard.Stop()
	// The Telemetry API takes no subscription after INIT; a collector that comes to life later needs one.
	if s.subscribed.status == 0 {
		s.subscribe(lambdaapi.NewSubscription(everything(), lambdaapi.DefaultBuffering(), s.port).String())
	}
	if s.subscribed.status == 0 {
		s.subscribed.status = failedStatus
	}
	go func() {
		body, err := s.api.next()
		s.lambdaNext <- next{body, err}
	}()
}

// subscribe makes the environment's one Telemetry API subscription, unless it is there already. Where Lambda does not
// answer, it is tried once more before INIT ends.
func (s *supervisor) subscribe(body string) {
	if s.subscribed.status != 0 {
		return
	}
	if answer, err := s.api.subscribe(body); err == nil {
		s.subscribed = answer
	}
}

func (s *supervisor) startCollector() bool {
	c, err := s.start(s.telemetry)
	if err != nil {
		s.failures = max(s.failures, 1) // what cannot be started now cannot be started at once
		s.planRestart(err.Error())
		return false
	}
	s.collector, s.startedAt, s.ready, s.waiting = c, s.now(), false, false
	return true
}

// greet sends the first message to a new collector.
func (s *supervisor) greet() {
	if s.collector != nil {
		s.send(control.Hello, s.hello)
	}
}

// send writes to the collector. That it is gone shows on exited.
func (s *supervisor) send(verb, payload string) { _ = s.collector.conn.Send(verb, payload) }

// planRestart says what happened and when the collector is started again. It returns true if that is at once.
func (s *supervisor) planRestart(reason string) (atOnce bool) {
	if s.now().Sub(s.startedAt) > restartReset {
		s.failures = 0
	}
	s.failures = min(s.failures+1, 16) // keeps the shift below in range
	if s.failures == 1 {
		s.log.error(reason + "; the function is not affected, what had not left is lost, and the collector is started again at once")
		return true
	}
	pause := min(restartMin<<(s.failures-2), restartMax)
	s.restartAt = s.now().Round(0).Add(pause)
	if s.managed {
		s.restart.Reset(pause)
	}
	s.log.error(reason + "; the function is not affected, telemetry stops until the collector is started again, in " + pause.String() + " at the earliest")
	return false
}

// endCollector stops a collector that must not outlive the environment.
func (s *supervisor) endCollector() {
	if s.collector == nil {
		return
	}
	s.collector.kill()
	<-s.collector.exited
	s.collector.release()
	s.collector = nil
}

// untilDeadline is how long the held event may hold the environment.
func (s *supervisor) untilDeadline() time.Duration {
	return max(s.event.Deadline.Sub(s.now())-deadlineMargin, 0)
}

// everything is what to subscribe to when the collector could not say in time: what a later one does not need it ignores.
func everything() []string {
	return []string{lambdaapi.TelemetryPlatform, lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
