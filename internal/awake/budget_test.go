// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package awake

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBudgetIsSpentInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(time.Second)
		ctx, stop := b.Spend(t.Context())
		time.Sleep(650 * time.Millisecond)
		assert.NoError(t, ctx.Err())
		stop()
		stop()
		assert.Equal(t, context.Canceled, context.Cause(ctx))

		time.Sleep(time.Hour)
		ctx, stop = b.Spend(t.Context())
		defer stop()
		begun := time.Now()
		<-ctx.Done()
		assert.Equal(t, context.DeadlineExceeded, context.Cause(ctx))
		assert.InDelta(t, 350, time.Since(begun).Milliseconds(), 100)

		ctx, stop = b.Spend(t.Context())
		defer stop()
		begun = time.Now()
		<-ctx.Done()
		assert.Zero(t, time.Since(begun), "nothing is left")
	})
}

func TestBudgetEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	spending, stop := NewBudget(time.Hour).Spend(ctx)
	cancel()
	<-spending.Done()
	stop()
	assert.Equal(t, context.Canceled, context.Cause(spending))
}
