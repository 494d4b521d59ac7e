// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"sync"
	"time"
)

// silencePatience is how long an environment is held for the end of an invocation while nothing is heard of it, although
// that end may never be told: Lambda has told nothing of the invocation at all, or has dropped telemetry since it did. The
// platform.start of an invocation comes within milliseconds, and a function that says so much that Lambda drops some
// of it says more every few milliseconds; a Collector that is short of CPU takes some hundred to read either.
const silencePatience = 2 * time.Second

// hearing follows, in the stream of telemetry, whether the end of an invocation is certain to be told: not if Lambda has
// dropped some of the stream since the invocation began. A function that is heard after that has not ended yet. One that is
// silent may go on: what it says when the environment was let go waits in the buffers for the next invocation.
type hearing struct {
	mu      sync.Mutex
	certain string        // request id of the invocation that has begun and whose end is to come; empty if none is
	heard   chan struct{} // closed when something is heard of an invocation; nil while nobody listens
}

// begun notes that an invocation has.
func (h *hearing) begun(requestID string) { h.set(requestID) }

// dropped notes that Lambda has dropped telemetry.
func (h *hearing) dropped() { h.set("") }

func (h *hearing) set(certain string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.certain = certain
	h.wake()
}

// ended notes that an invocation has: under the same request id it may be tried again.
func (h *hearing) ended(requestID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.certain == requestID {
		h.certain = ""
	}
}

// lines notes that the function has said something.
func (h *hearing) lines() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake()
}

func (h *hearing) wake() {
	if h.heard != nil {
		close(h.heard)
		h.heard = nil
	}
}

// listen sets the timer of the silence anew, or stops it if the end of the invocation is certain to be told. It returns a
// channel that is closed when it is to be called again.
func (h *hearing) listen(requestID string, silence *time.Timer) (heard <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.certain == requestID {
		silence.Stop()
	} else {
		silence.Reset(silencePatience)
	}
	if h.heard == nil {
		h.heard = make(chan struct{})
	}
	return h.heard
}
