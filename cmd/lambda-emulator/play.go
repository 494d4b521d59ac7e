// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// environment is the part of the emulator that events happen to.
type environment interface {
	Invoke(ctx context.Context, payload []byte, options ...lambdaemulator.InvokeOption) (lambdaemulator.Invocation, error)
	Shutdown(ctx context.Context, reason lambdaapi.ShutdownReason) error
}

// play makes the events happen, with a pause between them, and ends the environment. It returns the invocations that
// took place, also those before an error.
func play(ctx context.Context, env environment, backend *faultyBackend, events []event, pause time.Duration) ([]lambdaemulator.Invocation, error) {
	var all []lambdaemulator.Invocation
	for i, e := range events {
		if i > 0 {
			if err := wait(ctx, pause); err != nil {
				return all, err
			}
		}
		switch {
		case e.idle > 0:
			if err := wait(ctx, e.idle); err != nil {
				return all, err
			}
		case e.shutdown != "":
			if err := env.Shutdown(ctx, e.shutdown); err != nil {
				return all, err
			}
		case e.backend != "":
			if err := backend.become(e.backend); err != nil {
				return all, err
			}
		default:
			some, err := invoke(ctx, env, e)
			all = append(all, some...)
			if err != nil {
				return all, err
			}
		}
	}
	return all, env.Shutdown(ctx, lambdaapi.Spindown)
}

// invoke calls all invocations of an event at once: the environment takes one after the other, without a freeze between
// them.
func invoke(ctx context.Context, env environment, e event) ([]lambdaemulator.Invocation, error) {
	var (
		calls  sync.WaitGroup
		mu     sync.Mutex
		done   []lambdaemulator.Invocation
		failed error
	)
	for range e.times {
		calls.Go(func() {
			one, err := env.Invoke(ctx, e.payload)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = cmp.Or(failed, err)
				return
			}
			done = append(done, one)
		})
	}
	calls.Wait()
	slices.SortFunc(done, func(a, b lambdaemulator.Invocation) int { return a.Start.Compare(b.Start) })
	return done, failed
}

func wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
