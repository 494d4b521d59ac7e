// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Kind names what happened at one point of the timeline.
type Kind string

// What happens, in the order in which it usually does.
const (
	KindInitStart           Kind = "initStart"
	KindProcessStart        Kind = "processStart" // Name is the process
	KindExtensionRegistered Kind = "extensionRegistered"
	KindSubscribed          Kind = "subscribed"
	KindRuntimeReady        Kind = "runtimeReady"   // the runtime's first next
	KindExtensionReady      Kind = "extensionReady" // an extension's first next
	KindInitDone            Kind = "initDone"       // Duration of INIT; Detail is the error type if it failed
	KindInvokeStart         Kind = "invokeStart"
	KindResponse            Kind = "response"
	KindRuntimeDone         Kind = "runtimeDone" // Duration since invokeStart; Detail is the status
	KindExtensionNext       Kind = "extensionNext"
	KindInvokeEnd           Kind = "invokeEnd" // Duration since invokeStart; Detail is the status
	KindFreeze              Kind = "freeze"
	KindThaw                Kind = "thaw"          // Duration of the freeze
	KindTelemetryPost       Kind = "telemetryPost" // Detail is the outcome, Duration how long the listener took
	KindShutdownStart       Kind = "shutdownStart" // Detail is the reason
	KindProcessExit         Kind = "processExit"
	KindSigkill             Kind = "sigkill"
	KindShutdownEnd         Kind = "shutdownEnd"
)

// TimelineEvent is one thing that happened in the environment.
type TimelineEvent struct {
	Time      time.Time
	Kind      Kind
	Name      string // extension or process, where one is meant
	RequestID string // of the invocation in which it happened, if any
	Detail    string
	Duration  time.Duration
}

// The sources of a LogLine.
const (
	SourceFunction  = "function"
	SourceExtension = "extension"
)

// LogLine is one line that a process wrote to its standard output or error, without the line break.
type LogLine struct {
	Time      time.Time
	Source    string // SourceFunction or SourceExtension
	Process   string // "bootstrap", or the extension's name
	Text      string
	RequestID string // of the invocation in which it was read, if any
}

// journal remembers what happened, with the invocation in which it did.
type journal struct {
	output  io.Writer
	onEvent func(TimelineEvent)

	mu        sync.Mutex
	requestID string
	events    []TimelineEvent
	lines     []LogLine
}

// during says which invocation runs from now on; empty for none.
func (j *journal) during(requestID string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requestID = requestID
}

func (j *journal) event(e TimelineEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.RequestID == "" {
		e.RequestID = j.requestID
	}
	j.events = append(j.events, e)
	if j.onEvent != nil {
		j.onEvent(e)
	}
}

func (j *journal) line(l LogLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l.RequestID = j.requestID
	j.lines = append(j.lines, l)
	// A reader that went away is no reason to stop the environment.
	_, _ = fmt.Fprintf(j.output, "[%s] %s\n", l.Process, l.Text)
}

// Timeline returns what has happened so far, oldest first.
func (f *Function) Timeline() []TimelineEvent {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	return slices.Clone(f.journal.events)
}

// Lines returns every line that function and extensions have written so far: what a backend must have received.
func (f *Function) Lines() []LogLine {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	return slices.Clone(f.journal.lines)
}

// InvocationNumbers counts the invocations of a timeline from 1, by request id.
func InvocationNumbers(events []TimelineEvent) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		if e.Kind == KindInvokeStart {
			n[e.RequestID] = len(n) + 1
		}
	}
	return n
}
