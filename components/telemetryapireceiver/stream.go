// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"crypto/rand"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// stream turns the events of the Telemetry API, in their order, into logs, spans and metrics. What it remembers is
// bounded. Its methods are not for concurrent use.
type stream struct {
	cfg *Config
	// interleaved is set on Managed Instances, where invocations run at the same time: there is no current one.
	interleaved    bool
	functionLevel  plog.SeverityNumber
	extensionLevel plog.SeverityNumber

	stitcher  stitcher
	converter converter
	joiner    joiner
	holder    holder
	tracer    tracer
	measures  measures

	current  *invocation            // nil between invocations, and always if they interleave
	open     map[string]*invocation // by request id
	finished recent
	reported recent
	warm     bool // no invocation to come waits for the start of the environment
	// initError is the type of the error of an INIT inside an invocation, which fails it: Lambda may tell of it before the
	// invocation begins, and need not repeat it when it ends.
	initError string
}

// Initialization types that make a difference.
const (
	onDemand    = "on-demand"
	provisioned = "provisioned-concurrency" // started before anybody asks
	snapStart   = "snap-start"
)

// phaseInvoke is the phase of an INIT that runs inside an invocation, after one that has failed or a reset.
const phaseInvoke = "invoke"

// execWrapperVar names the script that starts the function. Those of OpenTelemetry's layers, /opt/otel-handler and the
// like, bring an SDK that makes a span for each invocation that it samples.
const execWrapperVar = "AWS_LAMBDA_EXEC_WRAPPER"

// maxOpen bounds the invocations that are taken to run: far more than a Managed Instance runs at the same time, and
// only those whose end was never told pile up.
const maxOpen = 1024

func newStream(cfg *Config, spans *functionSpans, getenv func(string) string, hasTraces bool, now time.Time) *stream {
	mode := cfg.Traces.Invocation
	if !hasTraces {
		mode = spanNever
	}
	s := &stream{
		cfg:         cfg,
		interleaved: getenv(lambdaapi.InitializationTypeVar) == lambdaapi.ManagedInstances,
		joiner:      joiner{spans: spans, mode: mode},
		holder:      holder{lines: plog.NewLogRecordSlice()},
		tracer:      tracer{functionName: getenv("AWS_LAMBDA_FUNCTION_NAME"), random: randomID},
		open:        map[string]*invocation{},
	}
	s.joiner.interleaved = s.interleaved
	s.functionLevel, _ = severity(cfg.Logs.FunctionLevel)
	s.extensionLevel, _ = severity(cfg.Logs.ExtensionLevel)
	spans.instrumented = strings.Contains(getenv(execWrapperVar), "otel")
	s.measures.init(now)
	return s
}

// randomID fills id. crypto/rand does not repeat itself in environments that are restored from one snapshot.
func randomID(id []byte) { _, _ = rand.Read(id) }

// take converts a batch that was observed at now, into out.
func (s *stream) take(events []lambdaapi.TelemetryEvent, now time.Time, out *output) {
	events = s.stitcher.stitch(events, now)
	out.records.EnsureCapacity(out.records.Len() + len(events))
	for i := range events {
		e := &events[i]
		switch e.Type {
		case lambdaapi.FunctionLog:
			s.functionLine(*e, now, out)
		case lambdaapi.ExtensionLog:
			s.extensionLine(*e, now, out)
		default:
			s.platform(*e, now, out)
		}
	}
}

// beforeFlush lets go of the lines of an invocation that runs for long, since who watches the function should see them:
// at once if the function makes no spans as far as is known, after maxHold if it does.
func (s *stream) beforeFlush(now time.Time, out *output) {
	if s.current == nil || !s.joiner.spans.any() || now.Sub(s.current.start) >= maxHold {
		s.release(out)
	}
}

// release lets go of the lines that wait for their trace.
func (s *stream) release(out *output) {
	if s.holder.lines.Len() == 0 {
		return
	}
	var c traceContext
	if s.current != nil {
		var ok bool
		if c, ok = s.joiner.known(s.current); !ok {
			c = s.joiner.spans.since(s.current.start).traceContext
		}
	}
	s.holder.release(out.records, c)
}

// end lets go of everything that waits for more.
func (s *stream) end(now time.Time, out *output) {
	for _, e := range s.stitcher.giveUp(nil) {
		s.take([]lambdaapi.TelemetryEvent{e}, now, out)
	}
	s.release(out)
	s.tracer.startUps(traceContext{}, out.spans)
}

// abort ends an invocation whose end was not told because the environment did.
func (s *stream) abort(requestID string, status lambdaapi.Status, now time.Time, out *output) {
	inv := s.open[requestID]
	if inv == nil && requestID != "" {
		inv = newInvocation(requestID, time.Time{}, "", lambdaapi.Tracing{})
	}
	if inv == nil {
		inv = s.current
	}
	s.finish(inv, outcome{end: now, status: status}, now, out)
}

func (s *stream) platform(e lambdaapi.TelemetryEvent, now time.Time, out *output) {
	if s.cfg.logs(lambdaapi.TelemetryPlatform) || e.Type == lambdaapi.PlatformLogsDropped || !strings.HasPrefix(e.Type, "platform.") {
		lr := out.records.AppendEmpty()
		setTimes(lr, e.Time, now)
		platformEvent(lr, e)
	}
	// A record that does not decode entirely is used as far as it does.
	switch e.Type {
	case lambdaapi.PlatformStart:
		record, _ := e.Start()
		s.begin(record, e.Time, out)
	case lambdaapi.PlatformRuntimeDone:
		record, _ := e.RuntimeDone()
		s.runtimeDone(record, e.Time, now, out)
	case lambdaapi.PlatformReport:
		record, _ := e.Report()
		s.report(record, e, now, out)
	case lambdaapi.PlatformLogsDropped:
		record, _ := e.LogsDropped()
		s.measures.logsDropped(record)
	case lambdaapi.PlatformInitStart, lambdaapi.PlatformInitRuntimeDone, lambdaapi.PlatformInitReport,
		lambdaapi.PlatformRestoreStart, lambdaapi.PlatformRestoreRuntimeDone, lambdaapi.PlatformRestoreReport:
		record, _ := e.Init()
		s.startUp(record, e, out)
	}
}

func (s *stream) begin(record lambdaapi.Start, at time.Time, out *output) {
	if record.RequestID == "" {
		return
	}
	if s.current != nil {
		s.release(out) // the one before had no end
	}
	inv := newInvocation(record.RequestID, at, record.TenantID, record.Tracing)
	inv.cold, s.warm = !s.warm, true
	if len(s.open) >= maxOpen {
		clear(s.open)
	}
	s.open[inv.id] = inv
	s.holder.full = false
	if !s.interleaved {
		s.current = inv
		s.converter.follow(inv)
	}
}

func (s *stream) runtimeDone(record lambdaapi.RuntimeDone, at, now time.Time, out *output) {
	inv := s.open[record.RequestID]
	if inv == nil && record.RequestID != "" && record.Status == lambdaapi.StatusSuccess {
		inv = newInvocation(record.RequestID, time.Time{}, record.TenantID, record.Tracing)
	}
	s.finish(inv, outcome{
		end: at, status: record.Status, errorType: record.ErrorType,
		duration: record.Metrics.Duration, produced: record.Metrics.ProducedBytes, spans: record.Spans,
	}, now, out)
}

// report measures what the report says, once. It is also the end of an invocation of which no other was told: that is so
// on Managed Instances, and after some crashes.
func (s *stream) report(record lambdaapi.Report, e lambdaapi.TelemetryEvent, now time.Time, out *output) {
	if record.RequestID == "" || !s.reported.add(record.RequestID) {
		return
	}
	if s.cfg.LogReport {
		lr := out.records.AppendEmpty()
		setTimes(lr, e.Time, now)
		lr.SetEventName(e.Type)
		setSeverity(lr, "INFO")
		lr.Body().SetStr(reportLine(record))
		lr.Attributes().PutStr(invocationIDKey, record.RequestID)
	}
	s.measures.report(record)
	s.finish(s.open[record.RequestID], outcome{
		end: e.Time, status: record.Status, errorType: record.ErrorType, duration: record.Metrics.Duration, spans: record.Spans,
	}, now, out)
}

// finish ends an invocation, once. One whose beginning was not seen, nil, has been dealt with by the Collector that was
// killed together with it: Lambda tells the one that comes after in the same environment, too.
func (s *stream) finish(inv *invocation, o outcome, now time.Time, out *output) {
	if inv == nil || !s.finished.add(inv.id) {
		return
	}
	delete(s.open, inv.id)
	if o.status == "" {
		o.status = lambdaapi.StatusSuccess // an event that does not say
	}
	if o.failed() && o.errorType == "" && o.status != lambdaapi.StatusTimeout {
		o.errorType = s.initError
	}
	s.initError = ""
	lines, span := s.joiner.settle(inv, o.failed())
	if !span.traceID.IsEmpty() {
		s.tracer.invocation(inv, o, span, out.spans)
	}
	parent := span.traceContext
	if parent.traceID.IsEmpty() {
		parent = lines
	}
	s.tracer.startUps(parent, out.spans)
	if s.current == inv {
		s.holder.release(out.records, lines)
		s.current = nil
		s.converter.follow(nil)
	}
	if o.failed() {
		lr := out.records.AppendEmpty()
		setTimes(lr, o.end, now)
		exceptionRecord(lr, inv, o)
		setTrace(lr, lines)
	}
	s.measures.invocation(o)
}

// startUp follows an INIT, or a restore from a snapshot.
func (s *stream) startUp(record lambdaapi.Init, e lambdaapi.TelemetryEvent, out *output) {
	if record.Type == snapStart {
		return // of the environment that the snapshot was made of; a restore delivers it again
	}
	ahead := record.Type == provisioned || s.interleaved // of anybody who asks, maybe by hours
	s.warm = s.warm || ahead
	switch {
	case e.Type == lambdaapi.PlatformInitStart:
		s.initError = ""
	case record.Phase == phaseInvoke && record.ErrorType != "":
		s.initError = record.ErrorType
	}
	s.measures.startUp(record, e.Type)
	if s.joiner.mode != spanNever {
		s.tracer.startUp(record, e)
		if ahead {
			s.tracer.startUps(traceContext{}, out.spans)
		}
	}
}
