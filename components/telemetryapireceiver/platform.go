// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// exceptionEvent is the event name that semantic conventions give to the error of an invocation.
const exceptionEvent = "faas.invocation.exception"

// platformEvent keeps the record of an event as Lambda sent it.
func platformEvent(lr plog.LogRecord, e lambdaapi.TelemetryEvent) {
	lr.SetEventName(e.Type)
	setSeverity(lr, "INFO")
	setJSON(lr.Body(), e.Record)
	if !isJSONObject(e.Record) {
		return
	}
	for key, value := range jsonscan.Members(e.Record) {
		if value[0] != '"' {
			continue
		}
		switch string(key) {
		case "requestId":
			lr.Attributes().PutStr(invocationIDKey, jsonscan.String(value))
		case "tenantId":
			lr.Attributes().PutStr(tenantIDKey, jsonscan.String(value))
		case "status":
			if string(value) != `"success"` {
				setSeverity(lr, "ERROR")
			}
		}
	}
	if e.Type == lambdaapi.PlatformLogsDropped {
		setSeverity(lr, "WARN")
	}
}

// exceptionRecord says that an invocation failed.
func exceptionRecord(lr plog.LogRecord, inv *invocation, o outcome) {
	lr.SetEventName(exceptionEvent)
	setSeverity(lr, "ERROR")
	message := o.message()
	lr.Body().SetStr(message)
	lr.Attributes().PutStr(invocationIDKey, inv.id)
	lr.Attributes().PutStr(exceptionType, o.kind())
	lr.Attributes().PutStr(exceptionMessage, message)
	if inv.tenantID != "" {
		lr.Attributes().PutStr(tenantIDKey, inv.tenantID)
	}
}

// reportLine writes a report as CloudWatch shows it.
func reportLine(r lambdaapi.Report) string {
	var line strings.Builder
	fmt.Fprintf(&line, "REPORT RequestId: %s", r.RequestID)
	milliseconds := func(name string, value *lambdaapi.Milliseconds) {
		if value != nil {
			fmt.Fprintf(&line, "\t%s: %.2f ms", name, float64(*value))
		}
	}
	megabytes := func(name string, value *float64) {
		if value != nil {
			fmt.Fprintf(&line, "\t%s: %.0f MB", name, *value)
		}
	}
	milliseconds("Duration", r.Metrics.Duration)
	milliseconds("Billed Duration", r.Metrics.BilledDuration)
	megabytes("Memory Size", r.Metrics.MemorySizeMB)
	megabytes("Max Memory Used", r.Metrics.MaxMemoryUsedMB)
	milliseconds("Init Duration", r.Metrics.InitDuration)
	milliseconds("Restore Duration", r.Metrics.RestoreDuration)
	if r.Status != "" && r.Status != lambdaapi.StatusSuccess {
		fmt.Fprintf(&line, "\tStatus: %s", r.Status)
	}
	if r.ErrorType != "" {
		fmt.Fprintf(&line, "\tError Type: %s", r.ErrorType)
	}
	return line.String()
}
