// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func TestFullBufferDropsTheOldestOfAllExporters(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(10_000)
	f, g := &fake{}, &fake{}
	first, second := started(t, f, env), started(t, g, env)
	accept(t, first, padded(0, 1, 4000)...)
	accept(t, second, padded(1, 1, 4000)...)
	accept(t, second, padded(2, 1, 4000)...)
	assert.Equal(t, map[dropReason]int64{reasonBufferFull: 1}, first.counters().Dropped)
	accept(t, first, padded(3, 1, 4000)...)
	assert.Equal(t, map[dropReason]int64{reasonBufferFull: 1}, second.counters().Dropped)

	err := first.ConsumeLogs(context.Background(), logs(padded(4, 1, 11_000)...))
	assert.True(t, consumererror.IsPermanent(err), "%v", err)
	assert.Equal(t, int64(1), first.counters().Refused)

	require.NoError(t, first.Flush(context.Background()))
	require.NoError(t, second.Flush(context.Background()))
	assert.Equal(t, padded(3, 1, 4000), f.all())
	assert.Equal(t, padded(2, 1, 4000), g.all())
}

func TestFullBufferDropsLargeItemsInParts(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(2 * mebibyte)
	f := &fake{}
	e := started(t, f, env)
	accept(t, e, padded(0, 1900, 1000)...)
	accept(t, e, padded(1900, 400, 1000)...)
	dropped := e.counters().Dropped[reasonBufferFull]
	assert.Positive(t, dropped)
	assert.Less(t, dropped, int64(600))
	require.NoError(t, e.Flush(context.Background()))
	assertSame(t, padded(int(dropped), 2300-int(dropped), 1000), f.all())
}
