// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// scopeName is the instrumentation scope of everything that the receiver makes.
const scopeName = "github.com/otelcol-lambda/otelcol-lambda/components/telemetryapireceiver"

const (
	invocationIDKey  = "faas.invocation_id"
	telemetryTypeKey = "aws.lambda.telemetry.type"
)

// converter turns telemetry events into log records. All that it remembers from batch to batch is which invocation
// runs at this point of the stream.
type converter struct {
	scopeVersion string
	// Which events become log records.
	platform, function, extension bool
	// interleaved is set on Managed Instances, where invocations run at the same time: there is no current one.
	interleaved bool

	requestID string // of the current invocation, empty between invocations
}

// logs converts a batch that was observed at now. The resource is left to the lambda_resource processor.
func (c *converter) logs(events []lambdaapi.TelemetryEvent, now time.Time) plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	scope.Scope().SetVersion(c.scopeVersion)
	records := scope.LogRecords()
	records.EnsureCapacity(len(events))

	observed := pcommon.NewTimestampFromTime(now)
	for _, e := range events {
		c.follow(e)
		if !c.wants(e.Type) {
			continue
		}
		lr := records.AppendEmpty()
		lr.SetObservedTimestamp(observed)
		if ts, ok := timestamp(e.Time); ok {
			lr.SetTimestamp(ts)
		} else {
			lr.SetTimestamp(observed)
		}
		switch e.Type {
		case lambdaapi.FunctionLog:
			c.line(lr, e)
			if c.requestID != "" {
				putAbsent(lr.Attributes(), invocationIDKey, c.requestID)
			}
		case lambdaapi.ExtensionLog:
			c.line(lr, e)
			putAbsent(lr.Attributes(), telemetryTypeKey, e.Type)
		default:
			platformEvent(lr, e)
		}
	}
	return logs
}

func (c *converter) wants(eventType string) bool {
	switch eventType {
	case lambdaapi.FunctionLog:
		return c.function
	case lambdaapi.ExtensionLog:
		return c.extension
	case lambdaapi.PlatformLogsDropped:
		return true // says that lines are missing, whoever asked for which
	}
	return c.platform
}

// follow keeps track of the current invocation. A record that does not decode changes nothing.
func (c *converter) follow(e lambdaapi.TelemetryEvent) {
	if c.interleaved {
		return
	}
	switch e.Type {
	case lambdaapi.PlatformStart:
		if start, err := e.Start(); err == nil {
			c.requestID = start.RequestID
		}
	case lambdaapi.PlatformRuntimeDone:
		if done, err := e.RuntimeDone(); err == nil && done.RequestID == c.requestID {
			c.requestID = ""
		}
	}
}

// line converts the record of a function or an extension.
func (c *converter) line(lr plog.LogRecord, e lambdaapi.TelemetryEvent) {
	text, isText := e.Text()
	if isJSONObject(e.Record) {
		c.object(lr, e.Record, e.Time)
	} else if !isText {
		setJSON(lr.Body(), e.Record)
	} else if object, ok := asObject(text); ok {
		c.object(lr, object, e.Time)
	} else {
		c.text(lr, text, e.Time)
	}
}

// asObject reports whether a line of text is a JSON object, which loggers write that do not know Lambda's JSON format.
func asObject(text string) ([]byte, bool) {
	if !strings.HasPrefix(text, "{") {
		return nil, false
	}
	object := []byte(strings.TrimRight(text, " \t\r\n"))
	return object, jsonscan.Valid(object)
}

// platformEvent keeps the record of an event as Lambda sent it.
func platformEvent(lr plog.LogRecord, e lambdaapi.TelemetryEvent) {
	lr.SetEventName(e.Type)
	if e.Type == lambdaapi.PlatformLogsDropped {
		setSeverity(lr, "WARN")
	} else {
		setSeverity(lr, "INFO")
	}
	setJSON(lr.Body(), e.Record)
	if !isJSONObject(e.Record) {
		return
	}
	for key, value := range jsonscan.Members(e.Record) {
		if string(key) == "requestId" && value[0] == '"' {
			lr.Attributes().PutStr(invocationIDKey, jsonscan.String(value))
		}
	}
}
