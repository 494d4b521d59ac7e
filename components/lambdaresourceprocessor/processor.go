// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaresourceprocessor

import (
	"context"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// registered is what the processor needs of the lambda_lifecycle extension. Registration is zero outside Lambda.
type registered interface {
	Registration() lambdaapi.Registration
}

// traceObserver is shown the traces that pass, each before it is changed: the lambda_lifecycle extension hands them to who
// wants to know which trace an invocation belongs to.
type traceObserver interface {
	ObserveTraces(traces ptrace.Traces)
}

// resourceProcessor adds attributes to resources. After start it changes no more, so that batches may run at the same
// time.
type resourceProcessor struct {
	environment environment
	attributes  []attribute
	observers   []traceObserver
}

// start completes the attributes with what only the registration says.
func (p *resourceProcessor) start(_ context.Context, host component.Host) error {
	var accountID string
	for _, extension := range host.GetExtensions() {
		if r, ok := extension.(registered); ok {
			accountID = r.Registration().AccountID
		}
		if o, ok := extension.(traceObserver); ok {
			p.observers = append(p.observers, o)
		}
	}
	p.attributes = p.environment.attributes(accountID)
	return nil
}

func (p *resourceProcessor) logs(_ context.Context, data plog.Logs) (plog.Logs, error) {
	for _, rl := range data.ResourceLogs().All() {
		p.complete(rl.Resource().Attributes())
	}
	return data, nil
}

func (p *resourceProcessor) metrics(_ context.Context, data pmetric.Metrics) (pmetric.Metrics, error) {
	for _, rm := range data.ResourceMetrics().All() {
		p.complete(rm.Resource().Attributes())
	}
	return data, nil
}

func (p *resourceProcessor) traces(_ context.Context, data ptrace.Traces) (ptrace.Traces, error) {
	for _, o := range p.observers {
		o.ObserveTraces(data)
	}
	for _, rs := range data.ResourceSpans().All() {
		p.complete(rs.Resource().Attributes())
	}
	return data, nil
}

// complete adds the attributes that a resource has not.
func (p *resourceProcessor) complete(resource pcommon.Map) {
	if resource.Len() == 0 {
		resource.EnsureCapacity(len(p.attributes))
	}
	for i := range p.attributes {
		a := &p.attributes[i]
		value, present := resource.GetOrPutEmpty(a.key)
		if !present || a.key == serviceName && isMadeUp(value) {
			a.value.CopyTo(value)
		}
	}
}

// isMadeUp recognises the service.name that the OpenTelemetry specification ("Semantic attributes with SDK-provided
// default value") gives a service that was not named: unknown_service, or unknown_service:<executable>.
func isMadeUp(name pcommon.Value) bool {
	return name.Str() == "unknown_service" || strings.HasPrefix(name.Str(), "unknown_service:")
}
