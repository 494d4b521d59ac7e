// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// output is what one batch becomes. The resource is left to the lambda_resource processor.
type output struct {
	logs    plog.Logs
	records plog.LogRecordSlice // in logs
	traces  ptrace.Traces
	spans   ptrace.SpanSlice // in traces
	metrics pmetric.Metrics
}

func newOutput(scopeVersion string) *output {
	o := &output{logs: plog.NewLogs(), traces: ptrace.NewTraces(), metrics: pmetric.NewMetrics()}
	logs := o.logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	logs.Scope().SetName(scopeName)
	logs.Scope().SetVersion(scopeVersion)
	o.records = logs.LogRecords()
	spans := o.traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	spans.Scope().SetName(scopeName)
	spans.Scope().SetVersion(scopeVersion)
	o.spans = spans.Spans()
	return o
}
