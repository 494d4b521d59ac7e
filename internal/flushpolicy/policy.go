// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package flushpolicy decides when the telemetry of a Lambda function leaves: a pure computation, told what happened
// and when, without clock, goroutine or input and output. The lifecycle extension acts on it, the flush simulator shows
// what it costs.
//
// Between invocations the environment is frozen, and nothing may be in flight when it is. Lambda tells that an
// invocation has ended by a telemetry event that it holds back for TelemetryDelay. So there are two moments to flush:
//
//   - At the end, when that event is there. Nothing is left behind, and every invocation is billed the delay and the
//     export.
//   - Beside the function, while it runs. That is free if the export ends before the function does, but what the
//     function says after it waits for the next invocation.
package flushpolicy

import (
	"fmt"
	"math"
	"time"
)

// Kind names a policy.
type Kind string

// The policies.
const (
	// Adaptive flushes at the end while invocations are rare, and beside the function when they are frequent.
	Adaptive Kind = "adaptive"
	// End flushes at the end of every invocation.
	End Kind = "end"
	// Periodic flushes beside the function, when the interval has passed since the last time.
	Periodic Kind = "periodic"
	// Continuous flushes by timer, for environments that are not frozen. In one that is, it is End.
	Continuous Kind = "continuous"
)

// Config chooses a policy.
type Config struct {
	Kind Kind
	// Interval is how long data may wait for an invocation to flush beside, and the period of Continuous.
	Interval time.Duration
	// SparseGap is the mean time between invocations from which Adaptive flushes at the end of each.
	SparseGap time.Duration
}

// Validate checks the configuration.
func (c Config) Validate() error {
	switch c.Kind {
	case Adaptive, End, Periodic, Continuous:
		return nil
	default:
		return fmt.Errorf("unknown flush policy %q: use %q, %q, %q or %q", c.Kind, Adaptive, End, Periodic, Continuous)
	}
}

const (
	// ToTheEnd is the Stay of an environment that is held until the function has ended.
	ToTheEnd time.Duration = math.MaxInt64

	// HeldFlush is how often data leaves from an environment that is held: a second is what somebody who watches a long
	// invocation waits, and the SDKs export every few seconds themselves.
	HeldFlush = time.Second

	// TelemetryDelay is how long Lambda holds telemetry back: the shortest time that it permits.
	TelemetryDelay = 25 * time.Millisecond

	// Sent is how long a flush takes at least that had something to send: the nearest backend is half a millisecond
	// away, and has work to do.
	Sent = time.Millisecond
)

// Decision is what to do with one invocation. The zero value asks for the next event at once.
type Decision struct {
	// Beside says to flush what is buffered, beside the function.
	Beside bool
	// Settle bounds how long that flush waits for the last telemetry of the invocation before, which Lambda delivers
	// when the environment has thawed.
	Settle time.Duration
	// Stay is how long after the begin of the invocation the environment is held at most. While it is, data leaves
	// every HeldFlush, when Stay is over, and when the function has ended. 0: it is not held.
	Stay time.Duration
	// Open says to have connections opened beside the function where none is trusted any more, so that the export at its
	// end need not.
	Open bool
}

// Policy decides. It is not safe for concurrent use.
type Policy struct {
	cfg     Config
	gaps    gaps
	overrun overrun
	// invoked is when the current invocation began, scheduled when Interval began.
	invoked, scheduled time.Time
	// waitingSince is when the oldest data that has not left yet may have come in; zero if all has left.
	waitingSince time.Time
	failing      bool // the last flush did not deliver
	unheard      bool // the end of an invocation was not told
	pressed      bool
	account      account
}

// New returns a policy that has seen nothing.
func New(cfg Config) *Policy {
	return &Policy{cfg: cfg, overrun: newOverrun(), account: newAccount()}
}

// Invoke decides about the invocation that begins now.
func (p *Policy) Invoke(now time.Time) Decision {
	if p.scheduled.IsZero() {
		p.scheduled = now
	}
	p.gaps.observe(now)
	p.invoked = now
	p.account.begin(now)
	var d Decision
	switch p.cfg.Kind {
	case Periodic:
		d.Beside = p.due(now)
	case End, Continuous:
		d.Stay = ToTheEnd
	default:
		d = p.adapt(now)
	}
	if p.unheard && d.Stay > 0 {
		// The next end may not be told either: what is said until the stay is over leaves then, the rest with the next one.
		d.Beside, d.Stay = true, min(d.Stay, HeldFlush, p.overrun.longest())
	}
	d.Open = d.Stay == ToTheEnd
	// What a failed flush has left behind is tried again beside the function, where it costs least.
	d.Beside = d.Beside || p.failing || p.pressed
	p.pressed = false
	switch {
	case d.Stay == ToTheEnd:
		p.waitingSince = time.Time{}
	case d.Beside || p.waitingSince.IsZero():
		p.waitingSince = now
	}
	return d
}

// due reports whether Interval is over, and begins another one then.
func (p *Policy) due(now time.Time) bool {
	if now.Sub(p.scheduled) < p.cfg.Interval {
		return false
	}
	p.scheduled = now
	return true
}

// age is how long the oldest data has waited; 0 if none does.
func (p *Policy) age(now time.Time) time.Duration {
	if p.waitingSince.IsZero() {
		return 0
	}
	return now.Sub(p.waitingSince)
}

// Done says that the function has ended after the given time: in the current invocation or, if that is told late, in
// the one before.
func (p *Policy) Done(duration time.Duration) {
	p.unheard = false
	p.overrun.durations.add(duration)
	p.account.done(duration)
}

// Unheard says that the end of an invocation was not told, nor will it be. Until the end of another one is, no
// environment is held for longer than a function takes, nor than HeldFlush.
func (p *Policy) Unheard() { p.unheard = true }

// Flushed says that a flush has ended now, how long it took, and whether everything has left.
func (p *Policy) Flushed(now time.Time, took time.Duration, delivered bool) {
	p.failing = !delivered
	if took < Sent {
		return
	}
	p.account.flushed(now.Sub(p.invoked), took, &p.overrun)
	if delivered {
		p.overrun.latencies.add(took)
	}
}

// Opened says that connections have been opened beside the function, and how long it took, a request included.
func (p *Policy) Opened(took time.Duration) {
	if took >= Sent { // else there was nothing to open
		p.account.opened = took
	}
}

// Released says that the environment, which was held to the end of an invocation, is held no longer now. The function
// had ended at end.
func (p *Policy) Released(now, end time.Time) { p.account.released(now.Sub(end)) }

// Press says that a full request came together while the environment was not held, so that it could not leave.
func (p *Policy) Press() {
	p.pressed = true
	p.gaps.restart()
}
