// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package spanmetrics is the connector of that name, made fit for an environment that freezes. The stock one emits its
// metrics whenever a timer fires, which is late by one freeze at best, and never if the environment ends before; this
// one emits them with each batch of spans, which on Lambda is an invocation's worth, so that both leave together.
// metrics_flush_interval has no effect; all else is as documented for the stock one.
//
// It is a module of its own, as its dependencies are none of the default layer.
package spanmetrics

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory { return factory{spanmetricsconnector.NewFactory()} }

type factory struct{ connector.Factory }

// CreateTracesToMetrics gives the stock connector a clock whose ticker is its own.
func (f factory) CreateTracesToMetrics(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	t := &ticker{ticks: make(chan time.Time)}
	out := &output{Metrics: next, emitted: make(chan bool)}
	stock, err := f.Factory.CreateTracesToMetrics(clockwork.AddToContext(ctx, t.clock()), set, cfg, out)
	if err != nil {
		return nil, err
	}
	if !t.used {
		return nil, errors.New("the stock spanmetrics connector takes its clock from elsewhere now: use it as it is")
	}
	return &prompt{Traces: stock, ticker: t, output: out, stopped: make(chan struct{})}, nil
}

// aliased is implemented by factories that are also known by an older name: this one by spanmetrics. The Collector
// looks for both methods.
type aliased interface {
	DeprecatedAlias() component.Type
	SetDeprecatedAlias(component.Type)
}

// DeprecatedAlias returns the older name of the connector.
func (f factory) DeprecatedAlias() component.Type {
	if a, ok := f.Factory.(aliased); ok {
		return a.DeprecatedAlias()
	}
	return component.Type{}
}

// SetDeprecatedAlias sets the older name of the connector.
func (f factory) SetDeprecatedAlias(alias component.Type) {
	if a, ok := f.Factory.(aliased); ok {
		a.SetDeprecatedAlias(alias)
	}
}

// prompt has the stock connector emit what it made of each batch of spans.
type prompt struct {
	connector.Traces
	*ticker
	*output
	mu      sync.Mutex // one tick at a time
	stop    sync.Once
	stopped chan struct{}
}

// Capabilities implements consumer.Traces.
func (p *prompt) Capabilities() consumer.Capabilities { return p.Traces.Capabilities() }

// ConsumeTraces returns when the metrics have been handed on.
func (p *prompt) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if err := p.Traces.ConsumeTraces(ctx, td); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 2 {
		select {
		case p.ticks <- time.Now():
			if begun := <-p.emitted; !begun {
				return nil
			}
		case <-ctx.Done(): // the next batch has them emitted
			return nil
		case <-p.stopped:
			return nil
		}
	}
	return nil
}

// Shutdown implements component.Component.
func (p *prompt) Shutdown(ctx context.Context) error {
	p.stop.Do(func() { close(p.stopped) })
	return p.Traces.Shutdown(ctx)
}

// output notices that the stock connector has emitted.
type output struct {
	consumer.Metrics
	// emitted tells whether a series has begun: the stock connector begins a cumulative one with 0, so that backends
	// see it rise, and says how many calls there were when it emits again.
	emitted chan bool
}

// ConsumeMetrics implements consumer.Metrics.
func (o *output) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	begun := begins(md) // before somebody else has it
	defer func() { o.emitted <- begun }()
	if md.DataPointCount() == 0 {
		return nil
	}
	return o.Metrics.ConsumeMetrics(ctx, md)
}

// begins reports whether the metrics hold a counter that is 0.
func begins(md pmetric.Metrics) bool {
	for _, resource := range md.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				if metric.Type() != pmetric.MetricTypeSum {
					continue
				}
				for _, point := range metric.Sum().DataPoints().All() {
					if point.ValueType() == pmetric.NumberDataPointValueTypeInt && point.IntValue() == 0 {
						return true
					}
				}
			}
		}
	}
	return false
}

// ticker is the stock connector's, and ticks when prompt wants it to.
type ticker struct {
	ticks chan time.Time
	used  bool // the stock connector has it
}

// Chan implements clockwork.Ticker.
func (t *ticker) Chan() <-chan time.Time { return t.ticks }

// Stop implements clockwork.Ticker.
func (*ticker) Stop() {}

// Reset implements clockwork.Ticker.
func (*ticker) Reset(time.Duration) {}

func (t *ticker) clock() clockwork.Clock { return clock{clockwork.NewRealClock(), t} }

// clock is the real one, but for the ticker.
type clock struct {
	clockwork.Clock
	*ticker
}

// NewTicker implements clockwork.Clock.
func (c clock) NewTicker(time.Duration) clockwork.Ticker {
	c.used = true
	return c.ticker
}
