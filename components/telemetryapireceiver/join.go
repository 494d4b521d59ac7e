// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// maxHeld bounds the lines that wait for their trace, in bytes of records: what a busy function writes in one
// invocation, and little beside its memory.
const maxHeld = 256 << 10

// maxHold is how long an invocation has run when its lines no longer wait for their trace: longer than most run, and
// than the timeout of most, so that also the lines before a timeout have the trace that the SDK could not send.
const maxHold = 10 * time.Second

// joiner says which trace an invocation belongs to. That may turn out only when the SDK sends its spans, at the end of
// the invocation, shortly before platform.runtimeDone.
type joiner struct {
	spans *functionSpans
	// mode is one of spanAuto, spanAlways and spanNever; the last where nobody takes spans.
	mode string
	// interleaved is set where invocations run at the same time.
	interleaved bool

	completed   bool // an invocation has ended well: an SDK would have made a span for it
	followsXRay bool // the SDK's last span was in the trace of the X-Ray header
}

// known returns the trace of an invocation that still runs, once it can be no other.
func (j *joiner) known(inv *invocation) (traceContext, bool) {
	if theirs, ok := j.spans.of(inv.id); ok {
		return theirs.traceContext, true
	}
	if j.followsXRay && !inv.header.traceID.IsEmpty() {
		return traceContext{traceID: inv.header.traceID, sampled: true}, true
	}
	if !j.completed || j.spans.any() {
		return traceContext{}, false
	}
	if j.mode == spanNever {
		return traceContext{}, true
	}
	return inv.own, true
}

// ownSpan is where a span of ours belongs, empty if there should be none.
type ownSpan struct {
	traceContext
	parent pcommon.SpanID
}

// settle returns the trace of an invocation that has ended, empty if there is none, and the place of a span of ours: a
// trace has one root, so that ours is below the SDK's if there are both.
func (j *joiner) settle(inv *invocation, failed bool) (lines traceContext, span ownSpan) {
	theirs, named := j.spans.of(inv.id)
	if named && !inv.header.traceID.IsEmpty() {
		j.followsXRay = theirs.traceID == inv.header.traceID
	}
	if !named && !j.interleaved && !inv.start.IsZero() {
		theirs = j.spans.since(inv.start)
	}
	j.completed = j.completed || !failed
	made := named || !theirs.traceID.IsEmpty() || j.spans.makesInvocations() // or left out, if the SDK samples
	if j.mode != spanAlways && (j.mode == spanNever || named || made && !failed) {
		return theirs.traceContext, ownSpan{}
	}
	span.traceContext = inv.own
	if !theirs.traceID.IsEmpty() {
		span.traceID = theirs.traceID
	}
	if span.traceID == inv.header.traceID {
		span.parent = inv.header.spanID
	}
	if !theirs.spanID.IsEmpty() && theirs.parent != span.spanID {
		span.parent = theirs.spanID
	}
	if named {
		return theirs.traceContext, span
	}
	return span.traceContext, span
}

// holder holds the lines of the current invocation until its trace is known. They are let go at the latest at
// platform.runtimeDone, which a flush at the end of the invocation waits for anyhow, before a flush that comes maxHold
// after the invocation began, or before any if the function makes no spans, and at maxHeld.
type holder struct {
	lines plog.LogRecordSlice
	bytes int
	full  bool // maxHeld was reached in this invocation
}

// release moves the lines to where they leave from.
func (h *holder) release(to plog.LogRecordSlice, c traceContext) {
	for _, lr := range h.lines.All() {
		setTrace(lr, c)
	}
	h.lines.MoveAndAppendTo(to)
	h.bytes = 0
}

// setTrace leaves a trace that the line itself names.
func setTrace(lr plog.LogRecord, c traceContext) {
	if c.traceID.IsEmpty() || !lr.TraceID().IsEmpty() {
		return
	}
	lr.SetTraceID(c.traceID)
	lr.SetSpanID(c.spanID)
	if c.sampled {
		lr.SetFlags(sampledFlag)
	}
}
