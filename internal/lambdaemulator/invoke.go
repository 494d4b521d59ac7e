// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Invocation is the outcome of one invocation.
type Invocation struct {
	RequestID string
	// Payload and FunctionError are what the client gets: the function's response, or a JSON error and its type. A
	// client that has its response does not learn of what goes wrong after it.
	Payload       []byte
	FunctionError string
	// Status is one of the Status constants, ErrorType its reason, as platform.report has them.
	Status    string
	ErrorType string

	// ColdStart: the processes were started for this invocation. InitDuration is that of the INIT phase before it;
	// a suppressed INIT is part of the invocation instead.
	ColdStart    bool
	InitDuration time.Duration

	Start       time.Time // after INIT
	ResponseAt  time.Time // the runtime has responded: from here on a client waits no longer
	RuntimeDone time.Time // the runtime has asked for the next invocation, or failed
	End         time.Time // the last extension has asked for the next event, or the environment was reset
	// MaxMemory is the peak resident memory of all processes of the environment together, in bytes.
	MaxMemory int64
}

// Duration is what is billed for, INIT aside.
func (i Invocation) Duration() time.Duration { return i.End.Sub(i.Start) }

// Overrun is what the extensions add to the billed duration (CloudWatch: PostRuntimeExtensionsDuration).
func (i Invocation) Overrun() time.Duration { return i.End.Sub(i.RuntimeDone) }

// InvokeOption changes one invocation.
type InvokeOption func(*invocation)

// WithTraceHeader gives the invocation an X-Amzn-Trace-Id header.
func WithTraceHeader(header string) InvokeOption {
	return func(in *invocation) { in.trace = header }
}

// WithTimeout gives the invocation another timeout than Config.Timeout, as after a change of the function's configuration.
func WithTimeout(d time.Duration) InvokeOption {
	return func(in *invocation) { in.timeout = d }
}

// Invoke runs one invocation, after those that were called earlier. It returns when the environment is idle again and,
// unless another invocation waits, frozen. On Managed Instances it runs beside others, and returns with the response. The
// error is for faults of the emulator, and for ctx: a function that fails is a result.
func (f *Function) Invoke(ctx context.Context, payload []byte, options ...InvokeOption) (Invocation, error) {
	if f.cfg.managed() {
		return f.invokeManaged(ctx, payload, options)
	}
	ctx, end, err := f.begin(ctx)
	if err != nil {
		return Invocation{}, err
	}
	defer end()
	in := f.newInvocation(payload, options)
	result := Invocation{RequestID: in.requestID, ColdStart: f.sandbox == nil}
	if result.ColdStart && !f.suppressed {
		var fault *Fault
		if result.InitDuration, err = f.firstInit(ctx); err != nil && !errors.As(err, &fault) {
			return result, err
		}
	}
	if err := f.thaw(); err != nil {
		return result, errors.Join(err, f.kill())
	}
	in.start = time.Now()
	in.deadline = in.start.Add(in.timeout)
	result.Start = in.start
	f.journal.during(in.requestID)
	defer f.journal.during("")
	return f.invoke(ctx, in, result)
}

// newInvocation is for who has the turn.
func (f *Function) newInvocation(payload []byte, options []InvokeOption) *invocation {
	f.invocations++
	in := &invocation{requestID: newID(), payload: payload, timeout: f.cfg.Timeout}
	if f.cfg.TraceHeader != nil {
		in.trace = f.cfg.TraceHeader(f.invocations)
	}
	for _, option := range options {
		option(in)
	}
	return in
}

func (f *Function) invoke(ctx context.Context, in *invocation, result Invocation) (Invocation, error) {
	traced := newTracing(in.trace)
	f.journal.event(TimelineEvent{Time: in.start, Kind: KindInvokeStart})
	f.relay.emit(lambdaapi.PlatformStart, startRecord{RequestID: in.requestID, Version: f.cfg.FunctionVersion, Tracing: traced})

	limited, cancel := context.WithDeadlineCause(ctx, in.deadline, errTimeout)
	err := f.runRuntime(limited, in)
	fault, err := f.asFault(in, err)
	if err != nil {
		cancel()
		return result, f.abandon(err)
	}
	f.conclude(&result, in, fault)
	f.emitRuntimeDone(result, in, traced)

	if fault == nil {
		fault, err = f.asFault(in, f.awaitExtensions(limited, &result))
	}
	cancel()
	if err != nil {
		return result, f.abandon(err)
	}
	if fault != nil {
		f.conclude(&result, in, fault)
		result.End = time.Now()
	}
	f.journal.event(TimelineEvent{Time: result.End, Kind: KindInvokeEnd, Detail: result.Status, Duration: result.Duration()})
	if fault == nil {
		err = f.freeze()
		result.MaxMemory = f.memory()
	} else {
		result.MaxMemory = f.memory()
		err = f.reset(ctx, fault)
	}
	// Lambda reports when all is over: the report leaves with the next thaw.
	f.emitReport(result, traced)
	return result, err
}

// runRuntime gives the invocation to everyone and waits until the runtime is done with it.
func (f *Function) runRuntime(ctx context.Context, in *invocation) error {
	if f.sandbox == nil {
		if _, err := f.initialise(ctx, phaseInvoke); err != nil {
			return err
		}
	}
	s := f.sandbox
	event := invokeEvent{
		EventType: lambdaapi.Invoke, DeadlineMs: in.deadline.UnixMilli(), RequestID: in.requestID,
		InvokedFunctionARN: f.cfg.invokedFunctionARN(),
	}
	if in.trace != "" {
		event.Tracing = &tracing{Type: xrayHeaderType, Value: in.trace}
	}
	f.update(func() {
		s.invocations = []*invocation{in}
		for _, e := range s.extensions {
			if e.subscribed(lambdaapi.Invoke) {
				e.give(event)
			}
		}
	})
	err := f.awaitRun(ctx, s, func() bool { return in.done })
	f.drain(s)
	return err
}

// awaitExtensions waits until all extensions that subscribed to INVOKE have asked for the next event.
func (f *Function) awaitExtensions(ctx context.Context, result *Invocation) error {
	s := f.sandbox
	if err := f.awaitRun(ctx, s, func() bool { return s.idle(lambdaapi.Invoke) }); err != nil {
		return err
	}
	f.drain(s)
	f.update(func() {
		s.invocations = nil
		result.End = result.RuntimeDone
		for _, e := range s.extensions {
			if e.subscribed(lambdaapi.Invoke) && e.readyAt.After(result.End) {
				result.End = e.readyAt
			}
		}
	})
	return nil
}

// asFault separates what fails the invocation from what ends the emulation.
func (f *Function) asFault(in *invocation, err error) (*Fault, error) {
	var fault *Fault
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errTimeout):
		return &Fault{Type: sandboxTimeout, Message: fmt.Sprintf("Task timed out after %.2f seconds", in.timeout.Seconds())}, nil
	case errors.As(err, &fault):
		return fault, nil
	default:
		return nil, fmt.Errorf("invocation %s: %w", in.requestID, err)
	}
}

// conclude fills in what the client and the platform's reports say, as far as it is known.
func (f *Function) conclude(result *Invocation, in *invocation, fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	result.Status, result.ErrorType = StatusSuccess, ""
	if in.responded {
		result.Payload, result.FunctionError, result.ResponseAt = in.response, in.errorType, in.lastByte
		if in.errorType != "" {
			result.Status, result.ErrorType = StatusError, in.errorType
		}
	}
	now := time.Now()
	if fault != nil {
		result.Status, result.ErrorType = fault.status(), fault.Type
		if !in.responded {
			result.FunctionError, result.ResponseAt = fault.Type, now
			result.Payload = errorBody(fault.Type, "RequestId: "+in.requestID+" Error: "+fault.Message)
		}
	}
	if result.RuntimeDone.IsZero() {
		result.RuntimeDone = now
		if in.done {
			result.RuntimeDone = in.doneAt
		}
	}
}

// status is how platform events call the fault. Source: the Runtime Interface Emulator, handleReset.
func (f *Fault) status() string {
	switch {
	case f.Type == sandboxTimeout:
		return StatusTimeout
	case strings.HasPrefix(f.Type, "Sandbox."):
		return StatusFailure
	default:
		return StatusError
	}
}

// reset takes the environment down after a fault: its processes are started again by the next invocation.
func (f *Function) reset(ctx context.Context, fault *Fault) error {
	reason := lambdaapi.Failure
	if fault.status() == StatusTimeout {
		reason = lambdaapi.Timeout
	}
	err := f.stop(ctx, reason)
	f.suppressed = true
	f.relay.restart(true)
	return err
}

// abandon ends an environment whose invocation cannot go on, because ctx has ended or the emulator failed.
func (f *Function) abandon(err error) error {
	err = errors.Join(err, f.kill())
	f.suppressed = true
	f.relay.restart(true)
	return err
}

func (f *Function) emitRuntimeDone(result Invocation, in *invocation, traced *tracing) {
	took := result.RuntimeDone.Sub(result.Start)
	f.journal.event(TimelineEvent{Time: result.RuntimeDone, Kind: KindRuntimeDone, Detail: result.Status, Duration: took})
	record := runtimeDoneRecord{
		RequestID: result.RequestID, Status: result.Status, Tracing: traced,
		Metrics: &runtimeMetrics{DurationMs: milliseconds(took)},
	}
	if result.Status != StatusTimeout {
		record.ErrorType = result.ErrorType
	}
	f.mu.Lock()
	if in.responded {
		record.Metrics.ProducedBytes = len(in.response)
		record.Spans = []span{
			newSpan("responseLatency", in.start, in.firstByte),
			newSpan("responseDuration", in.firstByte, in.lastByte),
			newSpan("runtimeOverhead", in.lastByte, result.RuntimeDone),
		}
	}
	f.mu.Unlock()
	switch {
	case f.cfg.LoseRuntimeDone != nil && f.cfg.LoseRuntimeDone(f.invocations):
	case f.cfg.DropRuntimeDone != nil && f.cfg.DropRuntimeDone(f.invocations):
		f.relay.emitDropped(lambdaapi.PlatformRuntimeDone, record)
	default:
		f.relay.emit(lambdaapi.PlatformRuntimeDone, record)
	}
}

func (f *Function) emitReport(result Invocation, traced *tracing) {
	record := reportRecord{
		RequestID: result.RequestID, Status: result.Status, Tracing: traced,
		Metrics: reportMetrics{
			DurationMs: milliseconds(result.Duration()),
			sandboxMetrics: &sandboxMetrics{
				BilledDurationMs: int64(math.Ceil(milliseconds(result.Duration() + result.InitDuration))),
				MemorySizeMB:     f.cfg.MemoryMB,
				MaxMemoryUsedMB:  (result.MaxMemory + 1<<20 - 1) >> 20,
				InitDurationMs:   milliseconds(result.InitDuration),
			},
		},
		Spans: []span{newSpan("extensionOverhead", result.RuntimeDone, result.End)},
	}
	if result.Status != StatusTimeout {
		record.ErrorType = result.ErrorType
	}
	f.relay.emit(lambdaapi.PlatformReport, record)
}

// memory returns the peak of all processes together.
func (f *Function) memory() int64 {
	var sum int64
	for _, pid := range f.freezer.pids() {
		sum += peakMemory(pid)
	}
	return sum
}
