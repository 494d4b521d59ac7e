// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

// What Lambda and the network do, the same for all policies.
const (
	// thawDelay is how long what it held back when the environment was frozen takes after the thaw.
	thawDelay = 2 * time.Millisecond
	// spinDown is how long an idle environment lives. Lambda does not document it; 5 minutes and more were seen.
	spinDown = 6 * time.Minute
	// staleAfter is how long an unused connection is trusted, by the export buffer and by Rotel's client.
	staleAfter = 30 * time.Second
	// openAhead is how long before that a new one is opened.
	openAhead = time.Second
)

// policy is what the environment asks: the real policies, and the rules of others.
type policy interface {
	Invoke(now time.Time) flushpolicy.Decision
	Done(duration time.Duration)
	Flushed(now time.Time, took time.Duration, delivered bool)
	Opened(took time.Duration)
	Released(now, end time.Time)
}

// rules makes a policy for a new environment, and says how often it flushes while the environment is held, and how long
// Lambda holds telemetry back for it.
type rules struct {
	name           string
	newPolicy      func(now time.Time) policy
	heldFlush      time.Duration
	telemetryDelay time.Duration
}

// record is a log line or a span.
type record struct {
	born  time.Time // said by the function
	ready time.Time // in the buffer
}

// environment is an execution environment in simulated time. It follows the lifecycle extension's rules.
type environment struct {
	rules  rules
	load   load
	policy policy // nil: the next invocation is a cold start

	buffer   []time.Time // when what is ready was born
	coming   []record    // what will be ready
	answered time.Time   // the last request
	opened   time.Time   // when the last empty request is answered
	free     time.Time   // when the environment was frozen, if it is
	done     time.Time   // when the last platform.runtimeDone is ready
	undone   time.Duration
	ended    bool // Lambda ends it
	costs    *costs
}

// invoke runs the n-th invocation, which may begin at start, and returns when the environment is free again.
func (e *environment) invoke(n int, start time.Time) (end time.Time) {
	if e.policy == nil {
		e.policy = e.rules.newPolicy(start)
	}
	of := exports{load: &e.load, invocation: n}
	duration := e.load.duration(n)
	functionEnd := start.Add(duration)
	e.thaw(start)
	e.say(start, duration)

	decision := e.policy.Invoke(start)
	if e.undone > 0 { // known only now
		e.policy.Done(e.undone)
		e.undone = 0
	}
	next := start
	if decision.Beside {
		next = e.flush(earlier(later(start, e.done), start.Add(decision.Settle)), besideExport, &of)
	}
	e.done = functionEnd.Add(e.rules.telemetryDelay)
	if decision.Stay > 0 {
		next = e.hold(next, e.over(start, decision.Stay), decision.Open, duration, &of)
	} else {
		e.undone = duration
	}
	if decision.Stay == flushpolicy.ToTheEnd {
		e.policy.Released(next, functionEnd)
	}
	end = later(functionEnd, next)
	e.costs.invoked(duration, end.Sub(functionEnd))
	e.free = end
	return end
}

// over is when an environment is held no longer, whatever happens.
func (e *environment) over(start time.Time, stay time.Duration) time.Time {
	if stay == flushpolicy.ToTheEnd {
		return start.Add(24 * time.Hour)
	}
	return start.Add(stay)
}

// hold keeps the environment from now until the function has ended, as far as is known, and flushes.
func (e *environment) hold(now, over time.Time, open bool, duration time.Duration, of *exports) (next time.Time) {
	until := earlier(over, e.done)
	if open && now.Sub(e.answered) >= staleAfter-openAhead {
		e.open(now, until, of)
	}
	for tick := now.Add(e.rules.heldFlush); tick.Before(until); tick = later(now, tick).Add(e.rules.heldFlush) {
		now = e.flush(tick, of.next(), of)
	}
	now = later(now, until)
	if now.Before(e.done) {
		e.undone = duration
	} else {
		e.policy.Done(duration)
	}
	return e.flush(now, endExport, of)
}

// open opens a connection by an empty request. It is told of if it has ended by then.
func (e *environment) open(now, until time.Time, of *exports) {
	took := of.takes(openingExport) + of.handshake(openingExport)
	e.opened = now.Add(took)
	e.costs.requests++
	e.costs.dials++
	if !e.opened.After(until) {
		e.policy.Opened(took)
	}
}

// say puts into the buffer what the function says: log lines, and spans that the SDK exports at the end.
func (e *environment) say(start time.Time, duration time.Duration) {
	for i := range e.load.lines {
		born := start.Add(duration * time.Duration(2*i+1) / time.Duration(2*e.load.lines))
		e.coming = append(e.coming, record{born, born.Add(e.rules.telemetryDelay)})
	}
	for i := range e.load.spans {
		born := start.Add(duration * time.Duration(2*i+1) / time.Duration(2*e.load.spans))
		e.coming = append(e.coming, record{born, start.Add(duration)})
	}
}

// thaw ends a freeze: what was on its way at its begin comes now.
func (e *environment) thaw(now time.Time) {
	e.take(e.free)
	for i := range e.coming {
		e.coming[i].ready = e.thawed(e.coming[i].ready, now)
	}
	if e.done.After(e.free) {
		e.done = e.thawed(e.done, now)
	}
}

// thawed is when something comes after a thaw that would have come at ready.
func (e *environment) thawed(ready, now time.Time) time.Time {
	return earlier(now.Add(ready.Sub(e.free)), now.Add(thawDelay))
}

// take moves what is ready into the buffer.
func (e *environment) take(now time.Time) {
	rest := e.coming[:0]
	for _, r := range e.coming {
		if r.ready.After(now) {
			rest = append(rest, r)
		} else {
			e.buffer = append(e.buffer, r.born)
		}
	}
	e.coming = rest
}

// flush sends what is in the buffer and returns when the backend has answered.
func (e *environment) flush(now time.Time, which export, of *exports) time.Time {
	e.take(now)
	if len(e.buffer) == 0 {
		e.policy.Flushed(now, 0, true)
		return now
	}
	took, cold := of.takes(which), now.Sub(e.answered) >= staleAfter
	if cold {
		// The first connection that is there: the one that is being opened, or one of its own.
		own := of.handshake(which)
		if wait := max(0, e.opened.Sub(now)); now.Sub(e.opened) < staleAfter && wait < own {
			took, cold = took+wait, false
		} else {
			took += own
		}
	}
	answered := now.Add(took)
	for _, born := range e.buffer {
		e.costs.arrived(answered.Sub(born), e.ended)
	}
	e.buffer = e.buffer[:0]
	e.costs.requests++
	if cold {
		e.costs.dials++
	}
	e.answered = answered
	e.policy.Flushed(answered, answered.Sub(now), true)
	return answered
}

// shutdown ends the environment: what is left leaves.
func (e *environment) shutdown(n int, now time.Time) {
	e.thaw(now)
	e.ended = true
	e.flush(now.Add(thawDelay), endExport, &exports{load: &e.load, invocation: n})
	*e = environment{rules: e.rules, load: e.load, costs: e.costs}
}

// run runs all invocations of a load, one after the other, under rules.
func run(r rules, l load) *costs {
	e := &environment{rules: r, load: l, costs: &costs{}}
	var free time.Time
	for n, offset := range l.arrivals {
		arrival := epoch.Add(offset)
		if n > 0 && arrival.Sub(free) >= spinDown {
			e.shutdown(n, free.Add(spinDown))
		}
		free = e.invoke(n, later(arrival, free))
	}
	if e.policy != nil {
		e.shutdown(len(l.arrivals), free.Add(spinDown))
	}
	return e.costs
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
