// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"errors"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Managed Instances run invocations side by side in an environment that is never frozen. Extensions learn only of its
// end. There is no platform.runtimeDone, and a report is short. An invocation that times out goes on unwatched; a process
// that ends takes the environment with it. Sources: Lambda Developer Guide, "Lambda Managed Instances"; the Runtime
// Interface Emulator, internal/lambda-managed-instances.

// invokeManaged runs one invocation beside others.
func (f *Function) invokeManaged(ctx context.Context, payload []byte, options []InvokeOption) (Invocation, error) {
	in, result, err := f.admit(ctx, payload, options)
	if err != nil {
		return result, err
	}
	s := in.sandbox
	traced := newTracing(in.trace)
	f.journal.event(TimelineEvent{Time: in.start, Kind: KindInvokeStart, RequestID: in.requestID})
	f.relay.emit(lambdaapi.PlatformStart, startRecord{
		RequestID: in.requestID, Version: f.cfg.FunctionVersion, FunctionARN: f.cfg.invokedFunctionARN(), Tracing: traced,
	})
	f.update(func() { s.invocations = append(s.invocations, in) })
	fault, err := f.awaitResponse(ctx, in)
	if err == nil {
		f.drain(s)
		f.conclude(&result, in, fault)
		result.End = result.RuntimeDone
		f.journal.event(TimelineEvent{
			Time: result.End, Kind: KindInvokeEnd, RequestID: in.requestID, Detail: result.Status, Duration: result.Duration(),
		})
		f.emitManagedReport(result, in, traced)
	}
	f.running.Done()
	if fault != nil && fault.Type != sandboxTimeout {
		err = errors.Join(err, f.replace(ctx, s))
	}
	return result, err
}

// admit starts the environment, if there is none, and lets an invocation in.
func (f *Function) admit(ctx context.Context, payload []byte, options []InvokeOption) (*invocation, Invocation, error) {
	ctx, end, err := f.begin(ctx)
	if err != nil {
		return nil, Invocation{}, err
	}
	defer end()
	in := f.newInvocation(payload, options)
	result := Invocation{RequestID: in.requestID, ColdStart: f.sandbox == nil}
	if result.ColdStart {
		f.suppressed = false // a failed INIT is not repeated inside an invocation
		if result.InitDuration, err = f.firstInit(ctx); err != nil {
			return nil, result, err
		}
	}
	in.sandbox = f.sandbox
	in.start = time.Now()
	in.deadline = in.start.Add(in.timeout)
	result.Start = in.start
	f.running.Add(1)
	return in, result, nil
}

// awaitResponse waits until the runtime has answered. What has not been answered in time stays known to the Runtime API:
// the answer may come still.
func (f *Function) awaitResponse(ctx context.Context, in *invocation) (*Fault, error) {
	ctx, release := f.scope(ctx)
	defer release()
	ctx, cancel := context.WithDeadlineCause(ctx, in.deadline, errTimeout)
	defer cancel()
	return f.asFault(in, f.awaitRun(ctx, in.sandbox, func() bool { return in.responded }))
}

// replace ends an environment of which a process has ended, once the other invocations have noticed.
func (f *Function) replace(ctx context.Context, s *sandbox) error {
	ctx, end, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	f.running.Wait()
	if f.sandbox != s {
		return nil
	}
	err = f.stop(ctx, lambdaapi.Failure)
	f.relay.restart(false)
	return err
}

func (f *Function) emitManagedReport(result Invocation, in *invocation, traced *tracing) {
	record := reportRecord{
		RequestID: result.RequestID, Status: result.Status, Tracing: traced,
		Metrics: reportMetrics{DurationMs: milliseconds(result.Duration())},
	}
	if result.Status != StatusTimeout {
		record.ErrorType = result.ErrorType
	}
	f.mu.Lock()
	if in.responded {
		record.Spans = []span{
			newSpan("responseLatency", in.start, in.firstByte),
			newSpan("responseDuration", in.firstByte, in.lastByte),
		}
	}
	f.mu.Unlock()
	f.relay.emit(lambdaapi.PlatformReport, record)
}
