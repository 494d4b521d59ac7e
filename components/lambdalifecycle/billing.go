// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"sync"
	"time"
)

// billing measures for how long the environment is held after the function has ended: that is billed.
type billing struct {
	observers registry[func(time.Duration)]

	mu       sync.Mutex
	instance string
	// The latest invocation whose end was told, and the latest one that was held. The end may be told after the
	// environment is released: the function went on, or the environment was frozen before Lambda told it.
	ended, held moment
}

// moment is something that happened to an invocation.
type moment struct {
	requestID string
	at        time.Time
}

// SubscribeOverrun has observe called with the time from the end of the function, as Lambda's platform.runtimeDone has it,
// until the extension asked for the next event: once for each invocation in which something was flushed, beside the
// function or after it, and whose end was told. It is 0 where the function went on for longer. unsubscribe works twice.
func (l *lifecycle) SubscribeOverrun(observe func(time.Duration)) (unsubscribe func()) {
	return l.billing.observers.add(observe)
}

// Instance is the id of the environment, the name of its log stream, as far as Lambda has told it; else empty.
func (l *lifecycle) Instance() string {
	l.billing.mu.Lock()
	defer l.billing.mu.Unlock()
	return l.billing.instance
}

// started notes the environment's id.
func (b *billing) started(instance string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.instance = instance
}

// done notes that a function has ended.
func (b *billing) done(requestID string, at time.Time) {
	b.mu.Lock()
	b.ended = moment{requestID, at}
	b.observe()
}

// forget takes back the end of an invocation.
func (b *billing) forget(requestID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended.requestID == requestID {
		b.ended = moment{}
	}
}

// released notes that an environment is not held any more.
func (b *billing) released(requestID string, at time.Time) {
	b.mu.Lock()
	b.held = moment{requestID, at}
	b.observe()
}

// end is when the function of an invocation has ended.
func (b *billing) end(requestID string) (at time.Time, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended.at, b.ended.requestID == requestID
}

// observe tells the overrun when both ends of it are known. It unlocks.
func (b *billing) observe() {
	overrun := max(0, b.held.at.Round(0).Sub(b.ended.at))
	known := b.held.requestID == b.ended.requestID && b.held.requestID != ""
	if known {
		b.held = moment{}
	}
	b.mu.Unlock()
	if known {
		for _, observe := range b.observers.all() {
			observe(overrun)
		}
	}
}
