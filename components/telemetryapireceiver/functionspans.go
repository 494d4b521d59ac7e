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
	instrumented bool // there has been a span with an invocation's id

	named   [64]namedSpan // rings
	namedAt int
	loose   [16]looseSpan
	looseAt int
}

type namedSpan struct {
	requestID string
	context   traceContext
	server    bool
}

type looseSpan struct {
	traceID pcommon.TraceID
	start   time.Time
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
	id, ok := span.Attributes().Get(invocationIDKey)
	if !ok {
		id, ok = span.Attributes().Get("faas.execution") // its name before semantic conventions 1.19
	}
	if !ok {
		if last := f.loose[(f.looseAt+len(f.loose)-1)%len(f.loose)]; last.traceID != span.TraceID() || span.StartTimestamp().AsTime().Before(last.start) {
			f.loose[f.looseAt] = looseSpan{span.TraceID(), span.StartTimestamp().AsTime()}
			f.looseAt = (f.looseAt + 1) % len(f.loose)
		}
		return
	}
	f.instrumented = true
	known := namedSpan{id.Str(), traceContext{span.TraceID(), span.SpanID(), true}, span.Kind() == ptrace.SpanKindServer}
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

// of returns the span of an invocation.
func (f *functionSpans) of(requestID string) (traceContext, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.named {
		if f.named[i].requestID == requestID && requestID != "" {
			return f.named[i].context, true
		}
	}
	return traceContext{}, false
}

// since returns the trace of the spans that have begun since then, without a span id, if there is just one; else it is
// empty.
func (f *functionSpans) since(start time.Time) traceContext {
	f.mu.Lock()
	defer f.mu.Unlock()
	var only traceContext
	for _, span := range f.loose {
		if span.traceID.IsEmpty() || span.start.Before(start) || span.traceID == only.traceID {
			continue
		}
		if !only.traceID.IsEmpty() {
			return traceContext{}
		}
		only = traceContext{traceID: span.traceID, sampled: true}
	}
	return only
}

// hasSDK reports whether the function has made a span for any invocation.
func (f *functionSpans) hasSDK() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.instrumented
}
