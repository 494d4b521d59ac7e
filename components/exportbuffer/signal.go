// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

// inner is the wrapped exporter of one signal.
type inner[T any] struct {
	component.Component
	consume func(context.Context, T) error
	mutates bool
}

// signal is all that the buffer knows about traces, metrics or logs.
type signal[T any] struct {
	kind pipeline.Signal
	// size is the length of the data as an OTLP export request in protobuf, in bytes: the two have the same fields.
	size func(T) int
	// count is the number of records: spans, data points or log records.
	count func(T) int
	empty func() T
	clone func(T) T
	// move appends all of from to into.
	move func(from, into T)
	// cut moves resources, scopes and records from the front of from to into, which is empty: as much as fits in limit
	// bytes, and something in any case.
	cut func(from, into T, limit int)
	// failedPart returns what an exporter says that it could not deliver, if its error says so: the rest was
	// delivered.
	failedPart func(error) (T, bool)
	create     func(context.Context, exporter.Factory, exporter.Settings, component.Config) (inner[T], error)
}

func tracesSignal() signal[ptrace.Traces] {
	var proto ptrace.ProtoMarshaler
	return signal[ptrace.Traces]{
		kind:  pipeline.SignalTraces,
		size:  proto.TracesSize,
		count: ptrace.Traces.SpanCount,
		empty: ptrace.NewTraces,
		clone: func(from ptrace.Traces) ptrace.Traces {
			into := ptrace.NewTraces()
			from.CopyTo(into)
			return into
		},
		move: func(from, into ptrace.Traces) { from.ResourceSpans().MoveAndAppendTo(into.ResourceSpans()) },
		cut:  cutTraces,
		failedPart: func(err error) (ptrace.Traces, bool) {
			part, ok := errors.AsType[consumererror.Traces](err)
			return part.Value, ok
		},
		create: func(ctx context.Context, f exporter.Factory, set exporter.Settings, cfg component.Config) (inner[ptrace.Traces], error) {
			e, err := f.CreateTraces(ctx, set, cfg)
			if err != nil {
				return inner[ptrace.Traces]{}, err
			}
			return inner[ptrace.Traces]{&exposing{Component: e}, e.ConsumeTraces, e.Capabilities().MutatesData}, nil
		},
	}
}

func metricsSignal() signal[pmetric.Metrics] {
	var proto pmetric.ProtoMarshaler
	return signal[pmetric.Metrics]{
		kind:  pipeline.SignalMetrics,
		size:  proto.MetricsSize,
		count: pmetric.Metrics.DataPointCount,
		empty: pmetric.NewMetrics,
		clone: func(from pmetric.Metrics) pmetric.Metrics {
			into := pmetric.NewMetrics()
			from.CopyTo(into)
			return into
		},
		move: func(from, into pmetric.Metrics) { from.ResourceMetrics().MoveAndAppendTo(into.ResourceMetrics()) },
		cut:  cutMetrics,
		failedPart: func(err error) (pmetric.Metrics, bool) {
			part, ok := errors.AsType[consumererror.Metrics](err)
			return part.Value, ok
		},
		create: func(ctx context.Context, f exporter.Factory, set exporter.Settings, cfg component.Config) (inner[pmetric.Metrics], error) {
			e, err := f.CreateMetrics(ctx, set, cfg)
			if err != nil {
				return inner[pmetric.Metrics]{}, err
			}
			return inner[pmetric.Metrics]{&exposing{Component: e}, e.ConsumeMetrics, e.Capabilities().MutatesData}, nil
		},
	}
}

func logsSignal() signal[plog.Logs] {
	var proto plog.ProtoMarshaler
	return signal[plog.Logs]{
		kind:  pipeline.SignalLogs,
		size:  proto.LogsSize,
		count: plog.Logs.LogRecordCount,
		empty: plog.NewLogs,
		clone: func(from plog.Logs) plog.Logs {
			into := plog.NewLogs()
			from.CopyTo(into)
			return into
		},
		move: func(from, into plog.Logs) { from.ResourceLogs().MoveAndAppendTo(into.ResourceLogs()) },
		cut:  cutLogs,
		failedPart: func(err error) (plog.Logs, bool) {
			part, ok := errors.AsType[consumererror.Logs](err)
			return part.Value, ok
		},
		create: func(ctx context.Context, f exporter.Factory, set exporter.Settings, cfg component.Config) (inner[plog.Logs], error) {
			e, err := f.CreateLogs(ctx, set, cfg)
			if err != nil {
				return inner[plog.Logs]{}, err
			}
			return inner[plog.Logs]{&exposing{Component: e}, e.ConsumeLogs, e.Capabilities().MutatesData}, nil
		},
	}
}
