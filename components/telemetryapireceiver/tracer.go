// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// tracer makes spans of what Lambda tells of invocations and of the start of the environment.
type tracer struct {
	functionName string
	random       func([]byte) // for ids
	initializing startUp
	ended        []startUp // wait for the invocation, in whose trace they belong
}

// startUp is an INIT, or a restore from a snapshot.
type startUp struct {
	name       string
	start, end time.Time
	kind       string // initialization type
	status     lambdaapi.Status
	errorType  string
}

const (
	initSpan    = "init"
	restoreSpan = "restore"
	// maxStartUps bounds those that wait: an INIT that failed, the one after it, and a restore.
	maxStartUps = 8
)

// startUp follows the three events of an INIT or a restore; the last one, the report, completes it.
func (t *tracer) startUp(record lambdaapi.Init, e lambdaapi.TelemetryEvent) {
	s := &t.initializing
	switch e.Type {
	case lambdaapi.PlatformInitStart, lambdaapi.PlatformRestoreStart:
		*s = startUp{name: initSpan, start: e.Time, kind: record.Type}
		if e.Type == lambdaapi.PlatformRestoreStart {
			s.name = restoreSpan
		}
	case lambdaapi.PlatformInitRuntimeDone, lambdaapi.PlatformRestoreRuntimeDone:
		s.end, s.status, s.errorType = e.Time, record.Status, record.ErrorType
		if record.Type == provisioned { // the report comes with the first invocation, maybe hours later
			t.complete()
		}
	case lambdaapi.PlatformInitReport, lambdaapi.PlatformRestoreReport:
		if s.start.IsZero() {
			return
		}
		if took := record.Metrics.Duration; took != nil {
			s.end = s.start.Add(took.Duration())
		}
		if record.Status != "" {
			s.status, s.errorType = record.Status, record.ErrorType
		}
		t.complete()
	}
}

// complete makes a start-up wait for its invocation.
func (t *tracer) complete() {
	if len(t.ended) < maxStartUps && !t.initializing.start.IsZero() {
		t.ended = append(t.ended, t.initializing)
	}
	t.initializing = startUp{}
}

// startUps makes the spans that wait children of parent; without one they are traces of their own.
func (t *tracer) startUps(parent traceContext, spans ptrace.SpanSlice) {
	for _, s := range t.ended {
		span := spans.AppendEmpty()
		c := parent
		if c.traceID.IsEmpty() {
			t.random(c.traceID[:])
		}
		var id pcommon.SpanID
		t.random(id[:])
		span.SetTraceID(c.traceID)
		span.SetSpanID(id)
		span.SetParentSpanID(c.spanID)
		span.SetFlags(uint32(sampledFlag))
		span.SetName(s.name)
		span.SetKind(ptrace.SpanKindInternal)
		setPeriod(span, s.start, s.end)
		if s.kind != "" {
			span.Attributes().PutStr("aws.lambda.initialization_type", s.kind)
		}
		if o := (outcome{status: s.status, errorType: s.errorType}); s.status != "" && o.failed() {
			setError(span, o.kind(), "The environment did not start: "+o.kind())
		}
	}
	t.ended = nil
}

// invocation makes the span of an invocation.
func (t *tracer) invocation(inv *invocation, o outcome, at ownSpan, spans ptrace.SpanSlice) {
	span := spans.AppendEmpty()
	span.SetTraceID(at.traceID)
	span.SetSpanID(at.spanID)
	span.SetParentSpanID(at.parent)
	span.SetFlags(uint32(sampledFlag))
	span.SetName(t.functionName)
	span.SetKind(ptrace.SpanKindServer)
	start, end := inv.start, o.end
	if o.duration != nil { // more precise than the times of the events
		if start.IsZero() {
			start = end.Add(-o.duration.Duration())
		}
		end = start.Add(o.duration.Duration())
	}
	setPeriod(span, start, end)
	attributes := span.Attributes()
	attributes.EnsureCapacity(6)
	attributes.PutStr(invocationIDKey, inv.id)
	attributes.PutBool("faas.coldstart", inv.cold)
	if inv.tenantID != "" {
		attributes.PutStr(tenantIDKey, inv.tenantID)
	}
	if o.produced != nil {
		attributes.PutInt("aws.lambda.produced_bytes", int64(*o.produced))
	}
	if o.failed() {
		setError(span, o.kind(), o.message())
	}
	for _, part := range o.spans {
		if ts, ok := timestamp(part.Start.Time); ok && part.Duration != nil {
			event := span.Events().AppendEmpty()
			event.SetName(part.Name)
			event.SetTimestamp(ts)
			event.Attributes().PutDouble("duration", part.Duration.Duration().Seconds())
		}
	}
}

func setPeriod(span ptrace.Span, start, end time.Time) {
	if end.IsZero() || end.Before(start) {
		end = start
	}
	if start.IsZero() {
		start = end
	}
	from, _ := timestamp(start)
	to, _ := timestamp(end)
	span.SetStartTimestamp(from)
	span.SetEndTimestamp(to)
}

// setError leaves the status of what went well unset, as semantic conventions have it.
func setError(span ptrace.Span, kind, message string) {
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(message)
	span.Attributes().PutStr("error.type", kind)
}
