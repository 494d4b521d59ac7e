// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"encoding/json"
	"fmt"
	"time"
)

// The types of telemetry that a subscription can name.
const (
	TelemetryPlatform  = "platform"
	TelemetryFunction  = "function"
	TelemetryExtension = "extension"
)

// The telemetry event types that the lifecycle and the receiver act on; there are more, and Lambda adds new ones:
// treat the type as an open set.
const (
	PlatformStart       = "platform.start"
	PlatformRuntimeDone = "platform.runtimeDone"
	PlatformReport      = "platform.report"
	PlatformLogsDropped = "platform.logsDropped"
	FunctionLog         = "function"
	ExtensionLog        = "extension"
)

// Buffering is how Lambda batches telemetry before it posts it to the subscriber.
// Limits: Lambda Developer Guide, "Telemetry API reference".
type Buffering struct {
	MaxItems  int `json:"maxItems"`  // 1,000 to 10,000
	MaxBytes  int `json:"maxBytes"`  // 262,144 to 1,048,576
	TimeoutMs int `json:"timeoutMs"` // 25 to 30,000
}

// Destination is where Lambda posts telemetry.
type Destination struct {
	Protocol string `json:"protocol"` // "HTTP"
	URI      string `json:"URI"`
}

// Subscription is the body of PUT /2022-07-01/telemetry.
type Subscription struct {
	// SchemaVersion "2025-01-29" renders JSON log lines as objects, works on Managed Instances (which refuse the
	// older ones) and everywhere else.
	SchemaVersion string      `json:"schemaVersion"`
	Types         []string    `json:"types"`
	Buffering     Buffering   `json:"buffering"`
	Destination   Destination `json:"destination"`
}

// TelemetryEvent is one element of the JSON array that Lambda posts to the subscriber.
type TelemetryEvent struct {
	// Time is when Lambda created the event; zero if the wire value does not parse.
	Time time.Time
	Type string
	// Record is the raw "record": a JSON string or object for logs, an object for platform events, nil if absent.
	Record json.RawMessage
}

// DecodeTelemetry decodes the body of one Telemetry API POST. Events that it could decode before an error are
// returned with the error, so that a batch cut short by the platform loses only its broken part.
func DecodeTelemetry(body []byte) ([]TelemetryEvent, error) {
	var wire []struct {
		Time   string          `json:"time"`
		Type   string          `json:"type"`
		Record json.RawMessage `json:"record"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, fmt.Errorf("decode telemetry batch: %w", err)
	}
	events := make([]TelemetryEvent, len(wire))
	for i, w := range wire {
		events[i] = TelemetryEvent{Type: w.Type, Record: w.Record}
		if t, err := time.Parse(time.RFC3339Nano, w.Time); err == nil {
			events[i].Time = t
		}
	}
	return events, nil
}
