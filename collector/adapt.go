// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"
)

// adapted makes the components of any Collector fit for an environment that freezes:
//   - every exporter gets a buffer in front of it that is flushed before a freeze,
//   - a batch processor hands on at once what it would hold back until a timer fires, as batching is the buffer's,
//   - a receiver that cannot start, for a port that is taken, is left out, and the others work, unless strict.
//
// With ownMetrics, what the buffers do is reported along with the metrics that a receiver receives.
func adapted(components func() (otelcol.Factories, error), o adaptation) func() (otelcol.Factories, error) {
	return func() (otelcol.Factories, error) {
		factories, err := components()
		if err != nil {
			return otelcol.Factories{}, err
		}
		var meter *exportbuffer.Meter
		if o.ownMetrics {
			meter = exportbuffer.NewMeter()
		}
		buffers := exportbuffer.New(o.bufferBytes, meter, o.credentials)
		for t, f := range factories.Exporters {
			factories.Exporters[t] = buffers.Wrap(f)
		}
		if f, ok := factories.Processors[batchType]; ok {
			factories.Processors[batchType] = passThrough{f}
		}
		accept(&factories)
		for t, f := range factories.Receivers {
			if meter != nil {
				f = meteredReceiver{f, meter}
			}
			if !o.strict {
				f = optionalReceiver{f, &sync.Map{}}
			}
			factories.Receivers[t] = f
		}
		return factories, nil
	}
}

// adaptation is what adapted does as the environment says.
type adaptation struct {
	bufferBytes        int64
	strict, ownMetrics bool
	credentials        exportbuffer.Credentials
}

var batchType = component.MustNewType("batch")

// passThrough takes the configuration of a processor and leaves its work undone.
type passThrough struct{ processor.Factory }

func (passThrough) CreateTraces(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Traces) (processor.Traces, error) {
	return struct {
		inert
		consumer.Traces
	}{Traces: next}, nil
}

func (passThrough) CreateMetrics(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Metrics) (processor.Metrics, error) {
	return struct {
		inert
		consumer.Metrics
	}{Metrics: next}, nil
}

func (passThrough) CreateLogs(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Logs) (processor.Logs, error) {
	return struct {
		inert
		consumer.Logs
	}{Logs: next}, nil
}

// inert is a component with nothing to start or stop.
type inert struct {
	component.StartFunc
	component.ShutdownFunc
}

// optionalReceiver makes receivers whose failure to start is an error in the log, not the end of the Collector.
type optionalReceiver struct {
	receiver.Factory
	reported *sync.Map // by component id: a receiver of three signals fails three times
}

func (o optionalReceiver) CreateTraces(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	r, err := o.Factory.CreateTraces(ctx, set, cfg, next)
	return optional{r, set, o.reported}, err
}

func (o optionalReceiver) CreateMetrics(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	r, err := o.Factory.CreateMetrics(ctx, set, cfg, next)
	return optional{r, set, o.reported}, err
}

func (o optionalReceiver) CreateLogs(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	r, err := o.Factory.CreateLogs(ctx, set, cfg, next)
	return optional{r, set, o.reported}, err
}

type optional struct {
	component.Component
	set      receiver.Settings
	reported *sync.Map
}

func (o optional) Start(ctx context.Context, host component.Host) error {
	err := o.Component.Start(ctx, host)
	if err == nil {
		return nil
	}
	if _, again := o.reported.LoadOrStore(o.set.ID, true); !again {
		o.set.Logger.Error(fmt.Sprintf("Receiver %q cannot start and is left out, all else works; if its port is taken, free it or name another endpoint",
			o.set.ID), zap.Error(err))
	}
	return nil
}
