// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// telemetrySource is what the receiver needs of the lambda_lifecycle extension: batches in stream order, one at a
// time. When consume returns, the lifecycle acts on the batch.
type telemetrySource interface {
	SubscribeTelemetry(types []string, consume func(context.Context, []lambdaapi.TelemetryEvent)) (unsubscribe func())
}

// bufferedSource takes wishes for the batches.
type bufferedSource interface {
	BufferTelemetry(lambdaapi.Buffering) (withdraw func())
}

// shutdownSource tells why Lambda ends the environment, before it does, and which invocation has not ended.
type shutdownSource interface {
	SubscribeShutdown(consume func(ctx context.Context, reason lambdaapi.ShutdownReason, unfinished string)) (unsubscribe func())
}

// traceSource shows the function's own traces.
type traceSource interface {
	SubscribeTraces(observe func(ptrace.Traces)) (unsubscribe func())
}

// flushSource tells when a flush is about to begin.
type flushSource interface {
	RegisterHolder(release func()) (unregister func())
}

// lifecycleType is the extension type that offers all these.
const lifecycleType = "lambda_lifecycle"

// warnInterval is how often at most the receiver says that it lost data. Its own lines come back to it as telemetry, so
// it never logs per event or batch.
const warnInterval = time.Minute

// telemetryReceiver converts what the lifecycle hands over.
type telemetryReceiver struct {
	cfg          *Config
	logger       *zap.Logger
	obsreport    *receiverhelper.ObsReport
	scopeVersion string
	getenv       func(string) string
	now          func() time.Time
	forget       func()

	// The pipelines that the receiver is in; nil for the others. Set before Start.
	logs    consumer.Logs
	traces  consumer.Traces
	metrics consumer.Metrics

	start    sync.Once
	startErr error
	leave    []func() // what to call to get no more

	spans functionSpans

	mu         sync.Mutex // events come one batch at a time, but flushes and the end come beside them
	stream     *stream    // nil until Start and after Shutdown
	dropped    int        // items since the last warning
	lastWarned time.Time
}

func newReceiver(set receiver.Settings, cfg *Config, getenv func(string) string, now func() time.Time) (*telemetryReceiver, error) {
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             set.ID,
		Transport:              "http",
		ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	return &telemetryReceiver{
		cfg:          cfg,
		logger:       set.Logger,
		obsreport:    obsreport,
		scopeVersion: set.BuildInfo.Version,
		getenv:       getenv,
		now:          now,
	}, nil
}

// Start subscribes, once for all the signals that share the receiver.
func (r *telemetryReceiver) Start(_ context.Context, host component.Host) error {
	r.start.Do(func() {
		var source telemetrySource
		if source, r.startErr = findSource(host.GetExtensions()); r.startErr != nil {
			return
		}
		r.stream = newStream(r.cfg, &r.spans, r.getenv, r.traces != nil, r.now())
		if s, ok := source.(traceSource); ok {
			r.leave = append(r.leave, s.SubscribeTraces(r.spans.observe))
		} else {
			r.stream.joiner.completed = true // no spans will be seen: wait for none
		}
		if s, ok := source.(flushSource); ok {
			r.leave = append(r.leave, s.RegisterHolder(r.release))
		}
		if s, ok := source.(shutdownSource); ok {
			r.leave = append(r.leave, s.SubscribeShutdown(r.environmentEnds))
		}
		if s, ok := source.(bufferedSource); ok {
			r.leave = append(r.leave, s.BufferTelemetry(r.cfg.buffering()))
		}
		types := []string{lambdaapi.TelemetryPlatform}
		if r.logs != nil {
			types = append(types, r.cfg.Types...)
		}
		slices.Sort(types)
		r.leave = append(r.leave, source.SubscribeTelemetry(slices.Compact(types), r.consume))
	})
	return r.startErr
}

func findSource(extensions map[component.ID]component.Component) (telemetrySource, error) {
	var wrongKind error
	for id, extension := range extensions {
		if source, ok := extension.(telemetrySource); ok {
			return source, nil
		}
		if id.Type().String() == lifecycleType {
			wrongKind = fmt.Errorf("extension %q does not deliver Lambda telemetry: build it and this receiver from the same version of otelcol-lambda", id)
		}
	}
	if wrongKind != nil {
		return nil, wrongKind
	}
	return nil, fmt.Errorf("no extension %q, which delivers Lambda telemetry: add it to service::extensions", lifecycleType)
}

// Shutdown unsubscribes, and hands on what waited. It may be called again, and without a Start.
func (r *telemetryReceiver) Shutdown(ctx context.Context) error {
	for _, leave := range r.leave {
		leave()
	}
	r.leave = nil
	r.convert(ctx, func(out *output, now time.Time) {
		r.stream.end(now, out)
		r.measure(out, now, true)
		r.stream = nil
	})
	r.forget()
	return nil
}

// consume hands a batch to the pipelines.
func (r *telemetryReceiver) consume(ctx context.Context, events []lambdaapi.TelemetryEvent) {
	r.convert(ctx, func(out *output, now time.Time) {
		r.stream.take(events, now, out)
		r.measure(out, now, false)
	})
}

// release is called before a flush.
func (r *telemetryReceiver) release() {
	r.convert(context.Background(), func(out *output, now time.Time) { r.stream.beforeFlush(now, out) })
}

// environmentEnds records what became of an invocation that was killed together with the environment.
func (r *telemetryReceiver) environmentEnds(ctx context.Context, reason lambdaapi.ShutdownReason, unfinished string) {
	if reason != lambdaapi.Timeout && reason != lambdaapi.Failure {
		return
	}
	r.convert(ctx, func(out *output, now time.Time) {
		r.stream.abort(unfinished, lambdaapi.Status(reason), now, out)
	})
}

// convert hands on what fill makes of the stream. Before Start and after Shutdown there is none.
func (r *telemetryReceiver) convert(ctx context.Context, fill func(out *output, now time.Time)) {
	out := newOutput(r.scopeVersion)
	r.mu.Lock()
	if r.stream != nil {
		fill(out, r.now())
	}
	r.mu.Unlock()
	r.send(ctx, out)
}

// measure adds the metrics, if it is time or if nothing comes after.
func (r *telemetryReceiver) measure(out *output, now time.Time, last bool) {
	m := &r.stream.measures
	if r.metrics == nil || !m.changed || !last && !m.due(now, r.cfg.interval()) {
		return
	}
	temporality := pmetric.AggregationTemporalityDelta
	if r.cfg.temporality() == cumulative {
		temporality = pmetric.AggregationTemporalityCumulative
	}
	m.export(now, temporality, out.metrics.ResourceMetrics().AppendEmpty(), r.scopeVersion)
}

// send hands data to the pipelines: spans first, then what refers to them. What a pipeline refuses is counted and lost:
// Lambda could only deliver the whole batch again, other subscribers of which have taken it, and everything behind it
// would have to wait, platform.runtimeDone included.
func (r *telemetryReceiver) send(ctx context.Context, out *output) {
	const format = "telemetryapi"
	if n := out.traces.SpanCount(); n > 0 && r.traces != nil {
		ctx := r.obsreport.StartTracesOp(ctx)
		err := r.traces.ConsumeTraces(ctx, out.traces)
		r.obsreport.EndTracesOp(ctx, format, n, err)
		r.warn(n, err)
	}
	if n := out.logs.LogRecordCount(); n > 0 && r.logs != nil {
		ctx := r.obsreport.StartLogsOp(ctx)
		err := r.logs.ConsumeLogs(ctx, out.logs)
		r.obsreport.EndLogsOp(ctx, format, n, err)
		r.warn(n, err)
	}
	if n := out.metrics.DataPointCount(); n > 0 && r.metrics != nil {
		ctx := r.obsreport.StartMetricsOp(ctx)
		err := r.metrics.ConsumeMetrics(ctx, out.metrics)
		r.obsreport.EndMetricsOp(ctx, format, n, err)
		r.warn(n, err)
	}
}

func (r *telemetryReceiver) warn(n int, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped += n
	now := r.now()
	if now.Sub(r.lastWarned) < warnInterval {
		return
	}
	r.logger.Warn("telemetry of Lambda lost: the pipeline refused it", zap.Int("items", r.dropped), zap.Error(err))
	r.dropped, r.lastWarned = 0, now
}
