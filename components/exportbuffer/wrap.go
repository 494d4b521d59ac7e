// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/xconsumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Wrap returns a factory of the same exporters as f, each with a buffer in front for traces, metrics and logs. All the
// buffers share budget, and meter, unless it is nil, reports what they do. Profiles pass by: they are sent when they are
// consumed.
//
// The exporters that it creates also have the methods
//
//	Flush(ctx context.Context) error
//	Stats() Stats
func Wrap(f exporter.Factory, budget *Budget, meter *Meter) exporter.Factory {
	return wrap(f, environment{budget: budget, meter: meter, now: wallClock, jitter: rand.Float64})
}

// wallClock is the time without the monotonic part, which may stand still while the environment is frozen.
func wallClock() time.Time { return time.Now().Round(0) }

// environment is what a buffer needs of the world around it.
type environment struct {
	budget *Budget
	meter  *Meter // may be nil
	now    func() time.Time
	jitter func() float64
}

func wrap(f exporter.Factory, env environment) exporter.Factory {
	wrapped := factory{Factory: f, env: env}
	if profiles, ok := f.(xexporter.Factory); ok {
		return profilesFactory{wrapped, profiles}
	}
	return wrapped
}

// factory is an exporter.Factory; embedding one is the only way to be one.
type factory struct {
	exporter.Factory
	env environment
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

// profilesFactory hands profiles through to the exporter, which shares its configuration with the other signals.
type profilesFactory struct {
	factory
	profiles xexporter.Factory
}

func (f profilesFactory) CreateProfiles(ctx context.Context, set exporter.Settings, cfg component.Config) (xexporter.Profiles, error) {
	takeOver(cfg)
	e, err := f.profiles.CreateProfiles(ctx, set, cfg)
	if err != nil {
		return nil, err
	}
	return profilesExporter{&exposing{Component: e}, e}, nil
}

func (f profilesFactory) ProfilesStability() component.StabilityLevel {
	return f.profiles.ProfilesStability()
}

type tracesExporter struct{ *buffer[ptrace.Traces] }

func (e tracesExporter) ConsumeTraces(_ context.Context, td ptrace.Traces) error { return e.accept(td) }

type metricsExporter struct{ *buffer[pmetric.Metrics] }

func (e metricsExporter) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	return e.accept(md)
}

type logsExporter struct{ *buffer[plog.Logs] }

func (e logsExporter) ConsumeLogs(_ context.Context, ld plog.Logs) error { return e.accept(ld) }

type profilesExporter struct {
	component.Component
	xconsumer.Profiles
}
