// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// invoke accompanies one invocation as the policy decides. When it returns, nothing is in flight, and nothing begins
// before the next event: the environment may be frozen at any moment. previous is the request id of the invocation
// before, empty if this is the first.
func (l *lifecycle) invoke(ctx context.Context, event lambdaapi.Event, previous string) {
	began := time.Now()
	decision := l.decide()
	if decision.Beside || decision.Stay > 0 {
		defer func() { l.billing.released(event.RequestID, time.Now()) }()
	}
	deadline, cancel := context.WithDeadline(ctx, event.Deadline.Add(-l.cfg.DeadlineMargin))
	defer cancel()
	if decision.Beside {
		l.settle(deadline, previous, decision.Settle)
		if !l.flush(deadline) {
			return // A backend that fails is not worth holding the environment.
		}
	}
	stay := decision.Stay - time.Since(began)
	if stay <= 0 {
		return
	}
	if decision.Open {
		defer l.open(deadline)()
	}
	l.hold(ctx, event, stay)
	if decision.Stay == flushpolicy.ToTheEnd {
		l.noteReleased(event.RequestID)
	}
}

// hold keeps the environment until the function has ended, the stay is over or the deadline is near, and has what came
// in by then leave.
func (l *lifecycle) hold(ctx context.Context, event lambdaapi.Event, stay time.Duration) {
	deadline, cancel := context.WithDeadline(ctx, event.Deadline.Add(-l.cfg.DeadlineMargin))
	defer cancel()
	ended := l.accompany(deadline, event.RequestID, stay)
	if ended || deadline.Err() == nil {
		if l.flush(deadline) && ended {
			l.flush(deadline) // what SDKs have exported meanwhile, in the background
		}
		return
	}
	// The function is about to time out: what it has said so far must leave.
	last, cancel := context.WithDeadline(ctx, event.Deadline.Add(-minDeadlineMargin))
	defer cancel()
	l.flush(last)
	if l.runtimeDone.wait(last, event.RequestID) {
		l.flush(last)
	}
}

// settle gives the last telemetry of the invocation before the time to arrive.
func (l *lifecycle) settle(ctx context.Context, previous string, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l.runtimeDone.wait(ctx, previous)
}

// accompany flushes at regular intervals, and when it is asked to, until the invocation has ended, which it reports, its
// stay is over, ctx is done, or its end may never be told and nothing more is heard of it.
func (l *lifecycle) accompany(ctx context.Context, requestID string, stay time.Duration) (ended bool) {
	over := time.NewTimer(stay)
	defer over.Stop()
	silence := time.NewTimer(silencePatience)
	defer silence.Stop()
	heard := l.hearing.listen(requestID, silence)
	ticker := time.NewTicker(flushpolicy.HeldFlush)
	defer ticker.Stop()
	for {
		ended, changed := l.runtimeDone.watch(requestID)
		if ended {
			return true
		}
		select {
		case <-changed:
		case <-ticker.C:
			l.flush(ctx)
		case <-l.requests:
			l.pressed.Store(false)
			l.flush(ctx)
		case <-heard:
			heard = l.hearing.listen(requestID, silence)
		case <-silence.C:
			l.noteUnheard()
			return false
		case <-over.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// decide asks the policy about the invocation that begins now.
func (l *lifecycle) decide() flushpolicy.Decision {
	l.policyLock.Lock()
	defer l.policyLock.Unlock()
	if l.pressed.Swap(false) {
		l.policy.Press()
	}
	// Without the monotonic part, which may stand still while the environment is frozen.
	return l.policy.Invoke(time.Now().Round(0))
}

// noteDone tells the policy how long an invocation took.
func (l *lifecycle) noteDone(done lambdaapi.RuntimeDone) {
	if done.Metrics.Duration == nil {
		return
	}
	l.policyLock.Lock()
	defer l.policyLock.Unlock()
	l.policy.Done(done.Metrics.Duration.Duration())
}

// noteFlush tells the policy how a flush went.
func (l *lifecycle) noteFlush(took time.Duration, delivered bool) {
	l.policyLock.Lock()
	defer l.policyLock.Unlock()
	l.policy.Flushed(time.Now().Round(0), took, delivered)
}

// noteReleased tells the policy that an invocation which was held to its end is held no longer.
func (l *lifecycle) noteReleased(requestID string) {
	end, known := l.billing.end(requestID)
	if !known {
		l.noteUnheard()
		return
	}
	l.policyLock.Lock()
	defer l.policyLock.Unlock()
	l.policy.Released(time.Now().Round(0), end)
}

// noteUnheard tells the policy that the end of an invocation was not told.
func (l *lifecycle) noteUnheard() {
	l.policyLock.Lock()
	defer l.policyLock.Unlock()
	l.policy.Unheard()
}
