// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

func TestMeeting(t *testing.T) {
	t.Parallel()
	l := newLifecycle(endConfig(), "on-demand", zap.NewNop())
	var order []string
	l.RegisterFlusher(func(context.Context) error {
		order = append(order, "flush")
		return nil
	})
	unregister := l.RegisterHolder(func() { order = append(order, "release") })
	l.flush(t.Context())
	unregister()
	unregister()
	l.flush(t.Context())
	assert.Equal(t, []string{"release", "flush", "flush"}, order)

	seen := 0
	unsubscribe := l.SubscribeTraces(func(ptrace.Traces) { seen++ })
	l.ObserveTraces(ptrace.NewTraces())
	unsubscribe()
	unsubscribe()
	l.ObserveTraces(ptrace.NewTraces())
	assert.Equal(t, 1, seen)
}
