// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// functionSpans learns from the function's own spans which trace an invocation belongs to. An OpenTelemetry SDK puts
// faas.invocation_id on the span that it makes for an invocation; other spans that begin while only this invocation runs
// are of its trace if they agree on one. It is used concurrently, and remembers a fixed number of spans.
type functionSpans struct {
	mu           sync.Mutex
	instrumented bool // there are spans with an invocation's id, or will be
	seen         bool // there has been a span

	named   [64]namedSpan // rings
	namedAt int
	loose   [16]looseTrace
	looseAt int
}

// namedSpan is one that carries the id of its invocation.
type namedSpan struct {
	requestID string
	sdkSpan
	server bool
}

// sdkSpan is where a span of the function's is in its trace.
type sdkSpan struct {
	traceContext
	parent pcommon.SpanID
}

// looseTrace is a trace whose spans do not say which invocation they belong to. spanID is that of its first span, if that
// has been seen.
type looseTrace struct {
	sdkSpan
	latest time.Time // when a span of it last began
}

// observe looks at traces on their way through a pipeline.
func (f *functionSpans) observe(traces ptrace.Traces) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			if ss.Scope().Name() == scopeName {
				continue
			}
			for _, span := range ss.Spans().All() {
				f.note(span)
			}
		}
	}
}

func (f *functionSpans) note(span ptrace.Span) {
	f.seen = true
	id, ok := span.Attributes().Get(invocationIDKey)
	if !ok {
		id, ok = span.Attributes().Get("faas.execution") // its name before semantic conventions 1.19
	}
	if !ok {
		f.noteLoose(span)
		return
	}
	f.instrumented = true
	known := namedSpan{id.Str(), sdkSpanOf(span), span.Kind() == ptrace.SpanKindServer}
	for i := range f.named {
		if f.named[i].requestID == known.requestID {
			if known.server && !f.named[i].server {
				f.named[i] = known
			}
			return
		}
	}
	f.named[f.namedAt] = known
	f.namedAt = (f.namedAt + 1) % len(f.named)
}

func (f *functionSpans) noteLoose(span ptrace.Span) {
	trace := f.looseTrace(span.TraceID())
	if start := span.StartTimestamp().AsTime(); start.After(trace.latest) {
		trace.latest = start
	}
	if span.ParentSpanID().IsEmpty() || span.Kind() == ptrace.SpanKindServer {
		trace.sdkSpan = sdkSpanOf(span)
	}
}

// looseTrace returns the entry of a trace, a new one in place of the oldest if there is none.
func (f *functionSpans) looseTrace(id pcommon.TraceID) *looseTrace {
	for i := range f.loose {
		if f.loose[i].traceID == id {
			return &f.loose[i]
		}
	}
	trace := &f.loose[f.looseAt]
	*trace = looseTrace{sdkSpan: sdkSpan{traceContext: traceContext{traceID: id, sampled: true}}}
	f.looseAt = (f.looseAt + 1) % len(f.loose)
	return trace
}

func sdkSpanOf(span ptrace.Span) sdkSpan {
	return sdkSpan{traceContext{span.TraceID(), span.SpanID(), true}, span.ParentSpanID()}
}

// of returns the span of an invocation.
func (f *functionSpans) of(requestID string) (sdkSpan, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.instrumented { // most functions' lines come here, one by one
		return sdkSpan{}, false
	}
	for i := range f.named {
		if f.named[i].requestID == requestID && requestID != "" {
			return f.named[i].sdkSpan, true
		}
	}
	return sdkSpan{}, false
}

// since returns the trace of the spans that have begun since then, if there is just one; else it is empty. The span is
// the first one of the trace, as far as it has been seen.
func (f *functionSpans) since(start time.Time) sdkSpan {
	f.mu.Lock()
	defer f.mu.Unlock()
	var only sdkSpan
	for _, trace := range f.loose {
		if trace.traceID.IsEmpty() || trace.latest.Before(start) {
			continue
		}
		if !only.traceID.IsEmpty() {
			return sdkSpan{}
		}
		only = trace.sdkSpan
	}
	return only
}

// makesInvocations reports whether an SDK makes spans for invocations, unless it samples them out.
func (f *functionSpans) makesInvocations() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.instrumented
}

// any reports whether the function makes, or will make, spans at all.
func (f *functionSpans) any() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.instrumented || f.seen
}
