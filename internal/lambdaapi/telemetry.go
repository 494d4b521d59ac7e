// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
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

	PlatformInitStart          = "platform.initStart"
	PlatformInitRuntimeDone    = "platform.initRuntimeDone"
	PlatformInitReport         = "platform.initReport"
	PlatformRestoreStart       = "platform.restoreStart"
	PlatformRestoreRuntimeDone = "platform.restoreRuntimeDone"
	PlatformRestoreReport      = "platform.restoreReport"

	FunctionLog  = "function"
	ExtensionLog = "extension"
)

// Buffering is how Lambda batches telemetry before it posts it to the subscriber.
type Buffering struct {
	MaxItems  int `json:"maxItems"`
	MaxBytes  int `json:"maxBytes"`
	TimeoutMs int `json:"timeoutMs"`
}

// Limits of Buffering: Lambda Developer Guide, "Telemetry API reference".
const (
	MinItems     = 1_000
	MaxItems     = 10_000
	MinBytes     = 262_144
	MaxBytes     = 1_048_576
	MinTimeoutMs = 25
	MaxTimeoutMs = 30_000
)

// DefaultBuffering is what we ask for: the shortest delay, because an invocation ends, for us, only when Lambda has
// delivered its platform.runtimeDone; the longest record that is not cut in two; and as many items as a burst may have
// before Lambda drops them, because while one batch is on its way only the next one is collected. maxBytes bounds the
// memory that this takes, whatever maxItems is.
func DefaultBuffering() Buffering {
	return Buffering{MaxItems: MaxItems, MaxBytes: MaxBytes, TimeoutMs: MinTimeoutMs}
}

// Destination is where Lambda posts telemetry.
type Destination struct {
	Protocol string `json:"protocol"` // "HTTP"
	URI      string `json:"URI"`
}

// TelemetrySchema is the schema version to subscribe with: it renders JSON log lines as objects, is the only one that
// Managed Instances take, and works everywhere else (Lambda Developer Guide, "Telemetry API").
const TelemetrySchema = "2025-01-29"

// Subscription is the body of PUT /2022-07-01/telemetry.
type Subscription struct {
	SchemaVersion string      `json:"schemaVersion"`
	Types         []string    `json:"types"`
	Buffering     Buffering   `json:"buffering"`
	Destination   Destination `json:"destination"`
}

// NewSubscription asks for telemetry on a port of this environment.
func NewSubscription(types []string, buffering Buffering, port int) Subscription {
	return Subscription{
		SchemaVersion: TelemetrySchema,
		Types:         types,
		Buffering:     buffering,
		Destination:   Destination{Protocol: "HTTP", URI: "http://sandbox.localdomain:" + strconv.Itoa(port) + "/"},
	}
}

// String is the subscription as JSON. It takes the names of types and protocols as they are, because an encoder would be a
// tenth of the supervisor, and a hundredth of the collector's start.
func (s Subscription) String() string {
	types := ""
	if len(s.Types) > 0 {
		types = `"` + strings.Join(s.Types, `","`) + `"`
	}
	return `{"schemaVersion":"` + s.SchemaVersion + `","types":[` + types +
		`],"buffering":{"maxItems":` + strconv.Itoa(s.Buffering.MaxItems) + `,"maxBytes":` + strconv.Itoa(s.Buffering.MaxBytes) +
		`,"timeoutMs":` + strconv.Itoa(s.Buffering.TimeoutMs) + `},"destination":{"protocol":"` + s.Destination.Protocol +
		`","URI":"` + s.Destination.URI + `"}}`
}

// TelemetryEvent is one element of the JSON array that Lambda posts to the subscriber.
type TelemetryEvent struct {
	// Time is when Lambda created the event; zero if the wire value does not parse.
	Time time.Time
	Type string
	// Record is the raw "record": a JSON string or object for logs, an object for platform events, nil if absent. It
	// is one valid JSON value (bytes that are not UTF-8 may stand inside strings), a part of the decoded body.
	Record json.RawMessage
	// Fragment is set instead of Record for a piece of a record that was too large for one POST: bytes that are no JSON
	// value. The pieces of one record have the same Time and Type, and come one after the other.
	Fragment []byte
}

// Text returns the record decoded, if it is a JSON string: a log line. See jsonscan.String for bytes that are not
// UTF-8.
func (e TelemetryEvent) Text() (string, bool) {
	if len(e.Record) == 0 || e.Record[0] != '"' {
		return "", false
	}
	return jsonscan.String(e.Record), true
}
