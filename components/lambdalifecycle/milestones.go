// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"slices"
	"sync"
)

// milestones remembers which of the latest invocations have reached a milestone, by request id: events of one API may
// come before or after those of the other, and events of an earlier invocation during a later one.
type milestones struct {
	mu      sync.Mutex
	reached [8]string // a ring; one invocation is current, the others are late
	at      int
	changed chan struct{} // closed at the next change; nil while nobody watches
}

// reach notes that the invocation has reached the milestone.
func (m *milestones) reach(requestID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reached[m.at] = requestID
	m.at = (m.at + 1) % len(m.reached)
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// watch reports whether the invocation has reached the milestone, and returns a channel that is closed when that may have
// changed.
func (m *milestones) watch(requestID string) (reached bool, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return slices.Contains(m.reached[:], requestID), m.changed
}

// wait waits until the invocation has reached the milestone, and reports whether it has, or ctx is done.
func (m *milestones) wait(ctx context.Context, requestID string) bool {
	for {
		reached, changed := m.watch(requestID)
		if reached {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// has reports whether the invocation has reached the milestone.
func (m *milestones) has(requestID string) bool {
	reached, _ := m.watch(requestID)
	return reached
}

// forget takes the invocation out: an asynchronous one that has failed is tried again under the same request id.
func (m *milestones) forget(requestID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.reached {
		if m.reached[i] == requestID {
			m.reached[i] = ""
		}
	}
}
