// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"slices"
	"sync"
)

// registry is an ordered set of what other components have registered.
type registry[T any] struct {
	mu      sync.Mutex
	entries []*T
}

// add registers value; remove takes it out again, and works twice.
func (r *registry[T]) add(value T) (remove func()) {
	entry := &value
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, entry)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.entries = slices.DeleteFunc(r.entries, func(e *T) bool { return e == entry })
	}
}

// all returns what is registered now, in order of registration.
func (r *registry[T]) all() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	values := make([]T, len(r.entries))
	for i, e := range r.entries {
		values[i] = *e
	}
	return values
}
