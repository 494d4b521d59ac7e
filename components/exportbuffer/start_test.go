// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// slowly returns a start of a fake that takes so long, or until its context ends, and then returns err.
func slowly(takes time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(takes):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestSlowStart: an exporter that asks its backend something before it starts holds up neither the start of the
// Collector nor the senders.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: slowly(5*time.Second, nil)}
		env, c := testEnvironment(mebibyte)
		began := time.Now()
		e := started(t, f, env)
		another := started(t, f, env)
		assert.Equal(t, startPatience, time.Since(began), "for all signals of the exporter together")
		assert.Equal(t, 1, f.starts(), "one at a time: they may change the configuration")

		// Beside it nothing is sent, opened or renewed, and a flush waits as long as it may.
		accept(t, e, "a")
		c.advance(staleAfter)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, e.Flush(ctx), errStarting)
		assert.Equal(t, startPatience+time.Second, time.Since(began))
		require.NoError(t, e.Open(t.Context()))
		created, _, _ := f.state()
		assert.Equal(t, 2, created)
		assert.Empty(t, f.requests)

		require.NoError(t, e.Flush(t.Context()))
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Equal(t, []string{"a"}, f.all())
		accept(t, another, "b")
		require.NoError(t, another.Flush(t.Context()))
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, []string{"a", "b"}, f.all())
	})
}

// TestStartThatHangs costs the flushes no more than a backend that hangs, is given up after a while, and is tried again.
func TestStartThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: slowly(time.Hour, nil)}
		env, c := testEnvironment(mebibyte)
		e := started(t, f, env)
		accept(t, e, "a")
		flush := func() (time.Duration, error) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := e.Flush(ctx)
			return time.Since(began), err
		}
		for range TripAfter {
			took, err := flush()
			require.ErrorIs(t, err, errStarting)
			assert.Equal(t, 2*time.Second, took)
		}
		took, err := flush()
		require.ErrorIs(t, err, errOpen)
		assert.Zero(t, took)
		c.advance(MaxProbeDelay)
		took, err = flush()
		require.ErrorIs(t, err, errStarting)
		assert.Equal(t, 500*time.Millisecond, took, "that of a probe")
		assert.Equal(t, 1, f.starts())

		time.Sleep(startTime)
		f.setStart(nil)
		c.advance(2 * MaxProbeDelay)
		require.NoError(t, e.Flush(t.Context()))
		assert.Equal(t, []string{"a"}, f.all())
		created, shutdown, _ := f.state()
		assert.Equal(t, 2, created)
		assert.Equal(t, 1, shutdown)
	})
}

// TestStartThatFailsLater: it is too late for an error of Start. One line says why, what comes in is kept, and it is
// tried again as often as a backend that fails.
func TestStartThatFailsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("create database: no route to host")
		f := &fake{start: slowly(time.Second, broken)}
		env, c := testEnvironment(5000)
		core, lines := observer.New(zap.InfoLevel)
		set := exportertest.NewNopSettings(fakeType)
		set.Logger = zap.New(core)
		factory := wrap(f.factory(), env)
		created, err := factory.CreateLogs(t.Context(), set, factory.CreateDefaultConfig())
		require.NoError(t, err)
		e := created.(logsExporter)
		require.NoError(t, e.Start(t.Context(), newHost(&lifecycle{})))
		for range 4 {
			accept(t, e, padded(0, 1, 2000)...)
			require.ErrorIs(t, e.Flush(t.Context()), broken)
			time.Sleep(time.Second)
			c.advance(2 * MaxProbeDelay)
		}
		assert.Equal(t, 4, f.starts())
		stats := e.counters()
		assert.Equal(t, int64(2), stats.QueuedRecords)
		assert.Equal(t, map[dropReason]int64{reasonBufferFull: 2}, stats.Dropped)
		require.NotEmpty(t, lines.All())
		assert.LessOrEqual(t, lines.Len(), 3, "%v", lines.All())
		assert.Contains(t, lines.All()[0].Message, "kept for the next attempt")
		assert.Equal(t, broken.Error(), lines.All()[0].ContextMap()["error"])

		f.setStart(nil)
		require.NoError(t, e.Flush(t.Context()))
		assert.Len(t, f.all(), 2)
		require.NoError(t, e.Shutdown(t.Context()))
		made, shutdown, _ := f.state()
		assert.Equal(t, made, shutdown, "each is shut down once")
	})
}

// TestShutdownDuringTheStart: an exporter that starts when its context ends, or whenever it pleases.
func TestShutdownDuringTheStart(t *testing.T) {
	t.Parallel()
	for name, obeys := range map[string]bool{"obedient": true, "stuck": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				f := &fake{start: func(ctx context.Context) error {
					if obeys {
						<-ctx.Done()
						return ctx.Err()
					}
					<-release
					return nil
				}}
				env, _ := testEnvironment(mebibyte)
				factory := wrap(f.factory(), env)
				e, err := factory.CreateLogs(t.Context(), nopSettings(), factory.CreateDefaultConfig())
				require.NoError(t, err)
				require.NoError(t, e.Start(t.Context(), newHost(&lifecycle{})))
				accept(t, e.(logsExporter), "a")
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err = e.Shutdown(ctx)
				if obeys {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, errStuck)
				}
				assert.LessOrEqual(t, time.Since(began), time.Second+leaveAfter)
				assert.Equal(t, map[dropReason]int64{reasonShutdown: 1}, e.(logsExporter).counters().Dropped)
				require.NoError(t, e.Shutdown(t.Context()), "twice")
				close(release)
				synctest.Wait()
				_, shutdown, _ := f.state()
				assert.Equal(t, 1, shutdown, "after the start")
			})
		})
	}
}

// TestSlowStartAndNewCredentials: a start that is refused for its credentials is tried again with those of that time.
func TestSlowStartAndNewCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var renewed atomic.Bool
		f := &fake{start: func(ctx context.Context) error {
			if renewed.Load() {
				return nil
			}
			return slowly(time.Second, errors.New("[HTTP 403] … (AUTHENTICATION_FAILED)"))(ctx)
		}}
		env, _ := testEnvironment(mebibyte)
		env.credentials = renewing(func() *Renewal {
			renewed.Store(true)
			return &Renewal{Version: 1, Config: &clientConfig{}}
		})
		e := started(t, f, env)
		accept(t, e, "a")
		require.NoError(t, e.Flush(t.Context()))
		assert.Equal(t, []string{"a"}, f.all())
		assert.Equal(t, 2, f.starts())
	})
}

// renewing are credentials that are always new.
type renewing func() *Renewal

func (renewing) Renewable() bool { return true }

func (r renewing) Renew(context.Context, exporter.Settings, component.Host, int) (*Renewal, time.Time) {
	return r(), time.Time{}
}
