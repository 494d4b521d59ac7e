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
// stay is over or ctx is done.
func (l *lifecycle) accompany(ctx context.Context, requestID string, stay time.Duration) (ended bool) {
	over := time.NewTimer(stay)
	defer over.Stop()
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
			l.flush(ctx)
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
	select {
	case <-l.requests:
		l.policy.Press()
	default:
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
