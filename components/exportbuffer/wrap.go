// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Buffers are the buffers of a process.
type Buffers struct{ env environment }

// New returns buffers that hold limitBytes together. meter, unless it is nil, reports what they do. credentials, unless
// they are nil, are looked up again when a backend refuses them.
func New(limitBytes int64, meter *Meter, credentials Credentials) *Buffers {
	return &Buffers{environment{
		budget:      newBudget(limitBytes),
		meter:       meter,
		credentials: credentials,
		circuits:    &circuits{},
		now:         wallClock,
		jitter:      rand.Float64,
	}}
}

// Wrap returns a factory of the same exporters as f, each with a buffer in front.
func (b *Buffers) Wrap(f exporter.Factory) exporter.Factory { return wrap(f, b.env) }

// wallClock is the time without the monotonic part, which may stand still while the environment is frozen.
func wallClock() time.Time { return time.Now().Round(0) }

// environment is what a buffer needs of the world around it.
type environment struct {
	budget      *budget
	meter       *Meter      // may be nil
	credentials Credentials // may be nil
	circuits    *circuits
	now         func() time.Time
	jitter      func() float64
}

func wrap(f exporter.Factory, env environment) exporter.Factory {
	return factory{Factory: f, env: env}
}

// factory is an exporter.Factory; embedding one is the only way to be one. It hides the profiles of the one that it
// embeds: the layer has no pipelines of them, which the Collector calls experimental.
type factory struct {
	exporter.Factory
	env environment
}

// CreateDefaultConfig returns that of the exporter, with write buffers of a size that fits a function.
func (f factory) CreateDefaultConfig() component.Config {
	cfg := f.Factory.CreateDefaultConfig()
	shrinkWriteBuffers(cfg)
	return cfg
}

func (f factory) CreateTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	b, err := newBuffer(ctx, tracesSignal(), f.Factory, f.env, set, cfg)
	if err != nil {
		return nil, err
	}
	return tracesExporter{b}, nil
}

func (f factory) CreateMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	b, err := newBuffer(ctx, metricsSignal(), f.Factory, f.env, set, cfg)
	if err != nil {
		return nil, err
	}
	return metricsExporter{b}, nil
}

func (f factory) CreateLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	b, err := newBuffer(ctx, logsSignal(), f.Factory, f.env, set, cfg)
	if err != nil {
		return nil, err
	}
	return logsExporter{b}, nil
}

// aliased is implemented by factories that are also known by an older name (otlphttp for otlp_http). The Collector
// looks for both methods.
type aliased interface {
	DeprecatedAlias() component.Type
	SetDeprecatedAlias(component.Type)
}

// DeprecatedAlias returns the older name of the exporter, if it has one.
func (f factory) DeprecatedAlias() component.Type {
	if a, ok := f.Factory.(aliased); ok {
		return a.DeprecatedAlias()
	}
	return component.Type{}
}

// SetDeprecatedAlias sets the older name of the exporter.
func (f factory) SetDeprecatedAlias(alias component.Type) {
	if a, ok := f.Factory.(aliased); ok {
		a.SetDeprecatedAlias(alias)
	}
}

type tracesExporter struct{ *buffer[ptrace.Traces] }

func (e tracesExporter) ConsumeTraces(_ context.Context, td ptrace.Traces) error { return e.accept(td) }

type metricsExporter struct{ *buffer[pmetric.Metrics] }

func (e metricsExporter) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	return e.accept(md)
}

type logsExporter struct{ *buffer[plog.Logs] }

func (e logsExporter) ConsumeLogs(_ context.Context, ld plog.Logs) error { return e.accept(ld) }
