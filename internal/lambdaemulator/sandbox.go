// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// sandbox is one run of the environment's processes, from INIT to shutdown or reset. Function.mu guards it.
type sandbox struct {
	// external names the files in /opt/extensions; extensions holds those that have been started or, for internal
	// ones, have registered.
	external   []string
	extensions []*extension

	runtime *process // nil until every external extension has registered
	// runtimeReady: the runtime has called next for the first time. Registration is closed.
	runtimeReady bool
	// initialised: INIT has ended well. Telemetry subscriptions are closed.
	initialised bool
	// stopping: processes are expected to end.
	stopping bool
	// fault is the first thing that ended this run; nil while all is well.
	fault *Fault

	// invocations are in progress: at most one at a time, except on Managed Instances.
	invocations []*invocation
}

// extension is an extension of a sandbox: external (it has a process) or internal to the function's.
type extension struct {
	name       string
	id         string // the identifier it was given; empty until it has registered
	process    *process
	registered bool
	events     []string

	// next: it has called event/next at least once.
	next bool
	// ready: it waits in event/next, with nothing to be given to it.
	ready   bool
	readyAt time.Time
	// pending is the body of the event that it gets from its next, or present, event/next.
	pending []byte
	// poll counts its calls of event/next: the newest one gets the event.
	poll int
}

func (e *extension) subscribed(to lambdaapi.EventType) bool {
	return slices.Contains(e.events, string(to))
}

// Fault is what makes an INIT or an invocation fail.
type Fault struct {
	// Type is Lambda's errorType, such as Extension.Crash or Runtime.ExitError.
	Type    string
	Message string
}

func (f *Fault) Error() string { return f.Type + ": " + f.Message }

// Types of the faults that the emulator itself finds. Source: the Runtime Interface Emulator's fatalerror package.
const (
	extensionCrash       = "Extension.Crash"
	extensionLaunchError = "Extension.LaunchError"
	extensionInitError   = "Extension.InitError"
	extensionExitError   = "Extension.ExitError"
	runtimeExitError     = "Runtime.ExitError"
	runtimeEntrypoint    = "Runtime.InvalidEntrypoint"
	runtimeUnknown       = "Runtime.Unknown"
	sandboxTimeout       = "Sandbox.Timeout"
)

// fail records the first fault of a run that is not being stopped. Call it with the lock held.
func (s *sandbox) fail(kind, format string, args ...any) {
	if s.fault == nil && !s.stopping {
		s.fault = &Fault{Type: kind, Message: fmt.Sprintf(format, args...)}
	}
}

func (s *sandbox) allRegistered() bool {
	registered := 0
	for _, e := range s.extensions {
		if e.process != nil && e.registered {
			registered++
		}
	}
	return registered == len(s.external)
}

// waiting returns the invocation that has waited longest for the runtime, nil if none does.
func (s *sandbox) waiting() *invocation {
	for _, in := range s.invocations {
		if !in.taken {
			return in
		}
	}
	return nil
}

// inProgress returns the invocation of that id, nil if there is none.
func (s *sandbox) inProgress(requestID string) *invocation {
	for _, in := range s.invocations {
		if in.requestID == requestID {
			return in
		}
	}
	return nil
}

// idle tells whether no registered extension that subscribed to the event has work left; "" means all extensions.
func (s *sandbox) idle(event lambdaapi.EventType) bool {
	return !slices.ContainsFunc(s.extensions, func(e *extension) bool {
		return e.registered && !e.ready && (event == "" || e.subscribed(event))
	})
}

// exited tells whether all processes have ended.
func (s *sandbox) exited() bool {
	return !slices.ContainsFunc(s.processes(), (*process).running)
}

// processes lists those that were started, the runtime last.
func (s *sandbox) processes() []*process {
	var list []*process
	for _, e := range s.extensions {
		if e.process != nil {
			list = append(list, e.process)
		}
	}
	if s.runtime != nil {
		list = append(list, s.runtime)
	}
	return list
}
