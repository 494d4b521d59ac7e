// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import "time"

// overrunSource is an extension that knows the environment, and for how long it is held after its function has ended.
type overrunSource interface {
	SubscribeOverrun(observe func(time.Duration)) (unsubscribe func())
	// Instance is the id of the environment, empty if it is not known.
	Instance() string
}

// overrunSeries is the histogram of the billed overrun.
func overrunSeries() series { return series{name: "otelcol_lambda_billed_overrun", unit: "s"} }

// follow makes the meter report the overruns of the first such extension that it is told of. unfollow is nil if this is
// not that.
func (m *Meter) follow(extension any) (unfollow func()) {
	source, ok := extension.(overrunSource)
	if m == nil || !ok {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.source != nil {
		return nil
	}
	m.source = source
	return source.SubscribeOverrun(func(overrun time.Duration) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.overruns.add(overrun)
	})
}
