// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestShutdownFlushesAndUnregisters(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, _ := testEnvironment(mebibyte)
	factory := wrap(f.factory(), env)
	e, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(fakeType), factory.CreateDefaultConfig())
	require.NoError(t, err)
	l := &lifecycle{}
	require.NoError(t, e.Start(context.Background(), newHost(l)))
	require.Equal(t, 1, l.registered())
	require.NoError(t, e.ConsumeLogs(context.Background(), logs("a")))

	require.NoError(t, e.Shutdown(context.Background()))
	assert.Equal(t, []string{"a"}, f.all())
	assert.Zero(t, l.registered())
	_, shutdown, _ := f.state()
	assert.Equal(t, 1, shutdown)
	require.NoError(t, e.Shutdown(context.Background()), "twice")
	require.ErrorIs(t, e.ConsumeLogs(context.Background(), logs("b")), errShutdown)
	require.NoError(t, e.(logsExporter).Flush(context.Background()))
	assert.Equal(t, int64(1), e.(logsExporter).counters().Refused)
	assert.Empty(t, env.budget.queues)
}

func TestShutdownUnstarted(t *testing.T) {
	t.Parallel()
	f := &fake{}
	env, _ := testEnvironment(mebibyte)
	factory := wrap(f.factory(), env)
	e, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(fakeType), factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(context.Background()))
	require.NoError(t, e.Shutdown(context.Background()))
}

func TestStartReturnsTheErrorOfTheExporter(t *testing.T) {
	t.Parallel()
	broken := errors.New("no such host")
	f := &fake{start: func(context.Context) error { return broken }}
	env, _ := testEnvironment(mebibyte)
	factory := wrap(f.factory(), env)
	e, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(fakeType), factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.ErrorIs(t, e.Start(context.Background(), componenttest.NewNopHost()), broken)
	require.NoError(t, e.Shutdown(context.Background()))
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	for name, answer := range map[string]func(context.Context, plog.Logs) error{
		"hung backend":   func(ctx context.Context, _ plog.Logs) error { <-ctx.Done(); return ctx.Err() },
		"stuck exporter": func(context.Context, plog.Logs) error { <-release; return errUnavailable },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: answer}
			env, _ := testEnvironment(mebibyte)
			core, lines := observer.New(zap.InfoLevel)
			set := exportertest.NewNopSettings(fakeType)
			set.Logger = zap.New(core)
			factory := wrap(f.factory(), env)
			e, err := factory.CreateLogs(context.Background(), set, factory.CreateDefaultConfig())
			require.NoError(t, err)
			require.NoError(t, e.Start(context.Background(), newHost(&lifecycle{})))
			require.NoError(t, e.ConsumeLogs(context.Background(), logs("a", "b")))

			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			begin := time.Now()
			require.NoError(t, e.Shutdown(ctx))
			assert.Less(t, time.Since(begin), 5*time.Second)
			require.Equal(t, 1, lines.Len(), "one line: %v", lines.All())

			assert.Contains(t, lines.All()[0].Message, "2 dropped (shutdown)")
			assert.Equal(t, int64(2), e.(logsExporter).counters().Dropped[reasonShutdown])

			if name == "stuck exporter" {
				close(release)
				b := e.(logsExporter).buffer
				require.Eventually(t, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.run == nil }, 5*time.Second, time.Millisecond)
				assert.Equal(t, int64(2), e.(logsExporter).counters().Dropped[reasonShutdown], "nothing counts twice")
			}
		})
	}
}

func TestLossesAreReportedAtABoundedRate(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(context.Context, plog.Logs) error { return errUnavailable }}
	env, c := testEnvironment(5000)
	core, lines := observer.New(zap.InfoLevel)
	set := exportertest.NewNopSettings(fakeType)
	set.Logger = zap.New(core)
	factory := wrap(f.factory(), env)
	e, err := factory.CreateLogs(context.Background(), set, factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), newHost(&lifecycle{})))
	for i := range 100 {
		require.NoError(t, e.ConsumeLogs(context.Background(), logs(padded(i, 1, 1000)...)))
		_ = e.(logsExporter).Flush(context.Background())
	}
	before := lines.Len()
	assert.LessOrEqual(t, before, 2)
	c.advance(reportEvery)
	_ = e.(logsExporter).Flush(context.Background())
	require.Equal(t, before+1, lines.Len())
	require.NoError(t, e.Shutdown(context.Background()))

	var all []string
	for _, line := range lines.All() {
		all = append(all, line.Message)
	}
	assert.Contains(t, strings.Join(all, "\n"), "dropped (buffer_full)")
	assert.Contains(t, all[len(all)-1], "dropped (shutdown)")
}
