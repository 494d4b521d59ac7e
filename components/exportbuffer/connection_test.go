// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestOldConnectionsAreRenewed(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, c := testEnvironment(mebibyte)
	e := started(t, f, env)
	flush := func(body string) {
		accept(t, e, body)
		require.NoError(t, e.Flush(context.Background()))
	}
	flush("a")
	c.advance(staleAfter - time.Second)
	flush("b")
	created, _, _ := f.state()
	assert.Equal(t, 1, created)
	c.advance(staleAfter)
	flush("c")
	created, shutdown, _ := f.state()
	assert.Equal(t, 2, created)
	assert.Equal(t, 1, shutdown)

	// A connection that died in a short freeze: once more on a new one, in the same flush.
	var dead atomic.Bool
	dead.Store(true)
	f.answer = func(context.Context, plog.Logs) error {
		if created, _, _ := f.state(); created == 2 && dead.Load() {
			return errors.New("connection reset by peer")
		}
		return nil
	}
	flush("d")
	created, shutdown, _ = f.state()
	assert.Equal(t, 3, created)
	assert.Equal(t, 2, shutdown)
	assert.Equal(t, []string{"a", "b", "c", "d"}, f.all())
}

// TestConnectionsThatWereNeverUsedGetOld: gRPC connects when the exporter is started.
func TestConnectionsThatWereNeverUsedGetOld(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, c := testEnvironment(mebibyte)
	e := started(t, f, env)
	c.advance(staleAfter)
	accept(t, e, "a")
	require.NoError(t, e.Flush(context.Background()))
	created, _, _ := f.state()
	assert.Equal(t, 2, created)
}

// TestTimeOverBeforeTheSecondTry: a connection that fails at the very end of a flush is replaced, and there is no time
// for another try; the failure counts all the same.
func TestTimeOverBeforeTheSecondTry(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	f := &fake{answer: func(context.Context, plog.Logs) error {
		if failing.Load() {
			time.Sleep(evidenceTime)
			return errUnavailable
		}
		return nil
	}}
	env, _ := testEnvironment(mebibyte)
	e := started(t, f, env)
	accept(t, e, "a")
	require.NoError(t, e.Flush(context.Background()))
	failing.Store(true)
	accept(t, e, "b")
	for range TripAfter {
		ctx, cancel := context.WithCancel(context.Background())
		f.onCreate = cancel
		require.Error(t, e.Flush(ctx))
		cancel()
	}
	f.onCreate = nil
	require.ErrorIs(t, e.Flush(context.Background()), errOpen)
	failing.Store(false)
}
