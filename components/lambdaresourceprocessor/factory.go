// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaresourceprocessor

import (
	"context"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.uber.org/zap"
)

// Config is the configuration of the lambda_resource processor. It has no settings: what it adds comes from the
// environment, and OTEL_RESOURCE_ATTRIBUTES adds more or says otherwise.
type Config struct{}

// NewFactory returns the factory of the lambda_resource processor.
func NewFactory() processor.Factory {
	f := &factory{getenv: os.Getenv}
	return processor.NewFactory(
		component.MustNewType("lambda_resource"),
		func() component.Config { return &Config{} },
		processor.WithLogs(f.createLogs, component.StabilityLevelAlpha),
		processor.WithMetrics(f.createMetrics, component.StabilityLevelAlpha),
		processor.WithTraces(f.createTraces, component.StabilityLevelAlpha),
	)
}

// factory reads the environment when the first processor is created: there is one in every pipeline, and what is
// wrong with the environment is said once.
type factory struct {
	getenv func(string) string

	once sync.Once
	env  environment
}

func (f *factory) create(set processor.Settings) *resourceProcessor {
	f.once.Do(func() {
		var err error
		if f.env, err = readEnvironment(f.getenv); err != nil {
			set.Logger.Warn("resource attributes left out: correct the environment variable", zap.Error(err))
		}
	})
	return &resourceProcessor{environment: f.env}
}

func (f *factory) createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	p := f.create(set)
	return processorhelper.NewLogs(ctx, set, cfg, next, p.logs, processorhelper.WithStart(p.start), mutates)
}

func (f *factory) createMetrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	p := f.create(set)
	return processorhelper.NewMetrics(ctx, set, cfg, next, p.metrics, processorhelper.WithStart(p.start), mutates)
}

func (f *factory) createTraces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	p := f.create(set)
	return processorhelper.NewTraces(ctx, set, cfg, next, p.traces, processorhelper.WithStart(p.start), mutates)
}

var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})
