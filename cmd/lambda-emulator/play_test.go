// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// fakeEnvironment writes down what happens to it.
type fakeEnvironment struct {
	mu      sync.Mutex
	story   []string
	barrier sync.WaitGroup // an invocation ends when so many have begun
	fail    error
}

func (f *fakeEnvironment) Invoke(_ context.Context, payload []byte, _ ...lambdaemulator.InvokeOption) (lambdaemulator.Invocation, error) {
	f.mu.Lock()
	f.story = append(f.story, string(payload))
	f.mu.Unlock()
	f.barrier.Done()
	f.barrier.Wait()
	return lambdaemulator.Invocation{}, f.fail
}

func (f *fakeEnvironment) Shutdown(_ context.Context, reason lambdaapi.ShutdownReason) error {
	f.story = append(f.story, string(reason))
	return nil
}

func TestPlay(t *testing.T) {
	t.Parallel()
	env := &fakeEnvironment{}
	env.barrier.Add(3) // the burst waits in line all at once, or this test does not end
	got, err := play(t.Context(), env, &faultyBackend{}, []event{
		{payload: []byte("burst"), times: 3}, {idle: time.Millisecond}, {shutdown: lambdaapi.Timeout},
	}, time.Nanosecond)
	require.NoError(t, err)
	assert.Len(t, got, 3)
	assert.Equal(t, []string{"burst", "burst", "burst", "timeout", "spindown"}, env.story)
}

func TestPlayEndsWithAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	env := &fakeEnvironment{fail: broken}
	env.barrier.Add(1)
	_, err := play(t.Context(), env, &faultyBackend{}, []event{{payload: []byte("x"), times: 1}, {payload: []byte("y"), times: 1}}, 0)
	require.ErrorIs(t, err, broken)
	assert.Equal(t, []string{"x"}, env.story)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = play(ctx, env, &faultyBackend{}, []event{{idle: time.Hour}}, 0)
	require.ErrorIs(t, err, context.Canceled)
}
