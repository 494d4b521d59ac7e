// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func withPolicy(kind flushpolicy.Kind) *Config {
	cfg := endConfig()
	cfg.Policy = kind
	return cfg
}

// slowly makes flushes take time, and fail while fail says so. It counts those in flight.
func (e *environment) slowly(took time.Duration, fail func() bool) (inFlight func() int) {
	var n atomic.Int32
	e.RegisterFlusher(func(ctx context.Context) error {
		n.Add(1)
		defer n.Add(-1)
		select {
		case <-time.After(took):
		case <-ctx.Done():
		}
		if fail() {
			return errors.New("down")
		}
		return ctx.Err()
	})
	return func() int { return int(n.Load()) }
}

func never() bool { return false }

func TestPeriodicAsksForTheNextEventWithoutWaiting(t *testing.T) {
	followWith(t, withPolicy(flushpolicy.Periodic), 200, func(e *environment) {
		begin := time.Now()
		for i := range 41 {
			e.invoke(fmt.Sprint(i), 3*time.Second)
			e.expect(control.Next) // no runtimeDone yet
			time.Sleep(time.Second)
			e.telemetry(lambdaapi.PlatformRuntimeDone, fmt.Sprint(i))
		}
		assert.Equal(t, []time.Time{begin.Add(20 * time.Second), begin.Add(40 * time.Second)}, e.flushed())
	})
}

func TestFlushBesideTheFunctionEndsBeforeTheNextEventIsAskedFor(t *testing.T) {
	cfg := withPolicy(flushpolicy.Periodic)
	cfg.FlushInterval = time.Second
	followWith(t, cfg, 200, func(e *environment) {
		inFlight := e.slowly(300*time.Millisecond, never)
		e.invoke("a", 3*time.Second)
		e.expect(control.Next)
		time.Sleep(time.Second)
		begin := time.Now()
		e.invoke("b", 3*time.Second)
		assert.Equal(t, 1, inFlight())
		e.expect(control.Next)
		assert.Equal(t, 300*time.Millisecond, time.Since(begin))
		assert.Zero(t, inFlight())
		e.RequestFlush(true) // much is said while the environment may be frozen
		time.Sleep(time.Minute)
		assert.Zero(t, inFlight(), "nothing begins by itself")
	})
}

func TestAdaptiveWaitsForTheLastTelemetryOfTheInvocationBefore(t *testing.T) {
	followWith(t, withPolicy(flushpolicy.Adaptive), 200, func(e *environment) {
		e.slowly(5*time.Millisecond, never)
		previous := ""
		for i := range 30 {
			id := fmt.Sprint(i)
			begin := time.Now()
			e.invoke(id, 3*time.Second)
			time.Sleep(2 * time.Millisecond) // what was held back in the freeze
			e.telemetry(lambdaapi.PlatformRuntimeDone, previous)
			synctest.Wait()
			if i > 20 {
				assert.Equal(t, begin.Add(2*time.Millisecond), e.flushed()[len(e.flushed())-1])
				e.expect(control.Next)
			}
			time.Sleep(2 * time.Second)
			if i < 19 { // held
				e.telemetry(lambdaapi.PlatformRuntimeDone, id)
			}
			if i <= 20 {
				e.expect(control.Next)
			}
			previous = id
		}
	})
}

func TestHeldEnvironmentFlushesOnRequest(t *testing.T) {
	follow(t, 200, func(e *environment) {
		e.invoke("a", time.Minute)
		time.Sleep(100 * time.Millisecond)
		e.RequestFlush(false)
		e.RequestFlush(true)
		synctest.Wait()
		assert.Equal(t, []time.Time{time.Now()}, e.flushed())
		time.Sleep(flushpolicy.HeldFlush)
		synctest.Wait()
		assert.Len(t, e.flushed(), 2)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "a")
		e.expect(control.Next)
		e.invoke("b", time.Minute)
		e.RequestFlush(true)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "b")
		e.expect(control.Next)
	})
}

func TestRequestThatCameTooLateIsServedByTheNextInvocation(t *testing.T) {
	followWith(t, withPolicy(flushpolicy.Periodic), 200, func(e *environment) {
		e.invoke("a", time.Minute)
		e.expect(control.Next)
		e.RequestFlush(true)
		time.Sleep(time.Second)
		assert.Empty(t, e.flushed())
		begin := time.Now()
		e.invoke("b", time.Minute)
		e.expect(control.Next)
		assert.Equal(t, []time.Time{begin}, e.flushed())
	})
}

// TestFailingBackendDoesNotHoldTheEnvironment: the budget is spent once; then each invocation tries beside the function,
// and is held again when the backend is back.
func TestFailingBackendDoesNotHoldTheEnvironment(t *testing.T) {
	follow(t, 200, func(e *environment) {
		var up atomic.Bool
		e.slowly(10*time.Millisecond, func() bool { return !up.Load() })
		for i := range 5 {
			id := fmt.Sprint(i)
			begin := time.Now()
			e.invoke(id, time.Minute)
			if i == 0 {
				time.Sleep(500 * time.Millisecond)
				e.telemetry(lambdaapi.PlatformRuntimeDone, id)
				e.expect(control.Next)
				continue
			}
			e.expect(control.Next)
			assert.Equal(t, 10*time.Millisecond, time.Since(begin), "runtimeDone is not waited for")
			time.Sleep(time.Second)
		}
		up.Store(true)
		begin := time.Now()
		e.invoke("back", time.Minute)
		time.Sleep(500 * time.Millisecond)
		e.telemetry(lambdaapi.PlatformRuntimeDone, "back")
		e.expect(control.Next)
		assert.Equal(t, 520*time.Millisecond, time.Since(begin), "10 ms beside the function, 2 flushes of 10 ms after it, the second for what came meanwhile")
	})
}

func TestManagedInstancesFlushByTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLifecycle(withPolicy(flushpolicy.End), lambdaapi.ManagedInstances, zap.NewNop())
		flushed := 0
		l.RegisterFlusher(func(context.Context) error {
			flushed++
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		l.wg.Go(func() { l.flushByTimer(ctx) })
		time.Sleep(3*intervalContinuous + time.Millisecond)
		synctest.Wait()
		assert.Equal(t, 3, flushed)
		l.RequestFlush(true)
		synctest.Wait()
		assert.Equal(t, 4, flushed)
		cancel()
		l.wg.Wait()
	})
}

// TestLastFlushIsSideBySide: at SHUTDOWN a buffer that hangs takes neither the others' time nor all of the Collector's.
func TestLastFlushIsSideBySide(t *testing.T) {
	follow(t, 200, func(e *environment) {
		e.slowly(time.Hour, never)
		begin := time.Now()
		e.shutdown()
		var end *ShutdownError
		require.ErrorAs(t, <-e.host.fatal, &end)
		assert.Equal(t, []time.Time{begin}, e.flushed())
		assert.Equal(t, pipelineShutdown, time.Until(end.Deadline))
	})
}
