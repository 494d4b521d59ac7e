// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"bytes"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// scopeName is the instrumentation scope of everything that the receiver makes.
const scopeName = "github.com/otelcol-lambda/otelcol-lambda/components/telemetryapireceiver"

const (
	invocationIDKey  = "faas.invocation_id"
	telemetryTypeKey = "aws.lambda.telemetry.type"
	tenantIDKey      = "aws.lambda.tenant_id"
)

// converter turns lines into log records. It knows of the invocation that runs at this point of the stream.
type converter struct {
	requestID string       // empty between invocations, and on Managed Instances, where there is no current one
	header    traceContext // that Lambda gave it, zero if there is none or it is not sampled

	texts
	moves []move // memory for the record that is being converted
}

// follow makes inv the invocation that runs, none if it is nil.
func (c *converter) follow(inv *invocation) {
	c.requestID, c.header = "", traceContext{}
	if inv != nil {
		c.requestID, c.header = inv.id, inv.header
	}
}

// line converts the record of a function or an extension.
func (c *converter) line(lr plog.LogRecord, e lambdaapi.TelemetryEvent) {
	switch {
	case isJSONObject(e.Record):
		c.object(lr, e.Record, e.Time)
	case len(e.Record) == 0 || e.Record[0] != '"':
		setJSON(lr.Body(), e.Record)
	default:
		text := c.decode(e.Record)
		if object, ok := asObject(text); ok {
			c.object(lr, object, e.Time)
		} else {
			c.text(lr, text, e.Time)
		}
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

// isOwn reports whether an extension's line is one of this Collector or its supervisor.
func isOwn(record []byte) bool {
	head := record[:min(len(record), 128)] // level and name come first
	return bytes.Contains(head, []byte(`"logger":"otelcol-lambda`)) || bytes.Contains(head, []byte(` otelcol-lambda: `))
}
