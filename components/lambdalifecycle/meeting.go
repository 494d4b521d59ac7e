// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import "go.opentelemetry.io/collector/pdata/ptrace"

// meeting is where components that do not know each other meet: who sees the function's spans, and who wants to know
// which trace an invocation belongs to; who holds data back, and who flushes.
type meeting struct {
	observers registry[func(ptrace.Traces)]
	holders   registry[func()]
}

// SubscribeTraces has observe called with the traces that pass ObserveTraces: it may read them until it returns.
// unsubscribe works twice.
func (m *meeting) SubscribeTraces(observe func(ptrace.Traces)) (unsubscribe func()) {
	return m.observers.add(observe)
}

// ObserveTraces shows traces to who has subscribed.
func (m *meeting) ObserveTraces(traces ptrace.Traces) {
	for _, observe := range m.observers.all() {
		observe(traces)
	}
}

// RegisterHolder has release called before every flush: it puts into the pipelines what it holds back. unregister works
// twice.
func (m *meeting) RegisterHolder(release func()) (unregister func()) {
	return m.holders.add(release)
}

func (m *meeting) release() {
	for _, release := range m.holders.all() {
		release()
	}
}
