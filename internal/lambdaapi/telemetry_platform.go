// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"encoding/json"
	"fmt"
	"time"
)

// Status is how an invocation ended. Lambda Developer Guide, "Telemetry API schema reference", Status.
type Status string

// The documented values; treat them as an open set.
const (
	StatusSuccess Status = "success"
	StatusFailure Status = "failure"
	StatusError   Status = "error"
	StatusTimeout Status = "timeout"
)

// Tracing is the trace context of an invocation; zero when Lambda did not sample it.
type Tracing struct {
	// SpanID is the X-Ray id of Lambda's own segment, 16 hex digits.
	SpanID string `json:"spanId"`
	// Type is "X-Amzn-Trace-Id", the only one documented.
	Type string `json:"type"`
	// Value is the X-Ray trace header, such as "Root=1-…;Parent=…;Sampled=1".
	Value string `json:"value"`
}

// Start is the record of platform.start: an invocation begins.
type Start struct {
	RequestID string `json:"requestId"`
	// Version of the function, such as "$LATEST" or "7"; empty if Lambda left it out.
	Version string `json:"version"`
	// TenantID is set for functions with tenant isolation only.
	TenantID string  `json:"tenantId"`
	Tracing  Tracing `json:"tracing"`
}

// RuntimeDone is the record of platform.runtimeDone: the runtime has finished an invocation, extensions may not have.
// Lambda Managed Instances do not send it.
type RuntimeDone struct {
	RequestID string `json:"requestId"`
	Status    Status `json:"status"`
	// ErrorType, such as "Runtime.ExitError", is empty on success.
	ErrorType string             `json:"errorType"`
	Metrics   RuntimeDoneMetrics `json:"metrics"`
	// Spans are the parts that the invocation had for Lambda: responseLatency, responseDuration, runtimeOverhead.
	Spans   []Span  `json:"spans"`
	Tracing Tracing `json:"tracing"`
	// TenantID is set for functions with tenant isolation only.
	TenantID string `json:"tenantId"`
}

// RuntimeDoneMetrics is absent from the record of an invocation that was cut short; a field is nil where it is absent.
type RuntimeDoneMetrics struct {
	Duration      *Milliseconds `json:"durationMs"`
	ProducedBytes *float64      `json:"producedBytes"`
}

// Report is the record of platform.report: Lambda's own account of an invocation. It is made when the last extension
// asks for the next event, so it comes with the next invocation or at shutdown.
type Report struct {
	RequestID string `json:"requestId"`
	Status    Status `json:"status"`
	// ErrorType is empty on success.
	ErrorType string        `json:"errorType"`
	Metrics   ReportMetrics `json:"metrics"`
	// Spans has extensionOverhead; on Managed Instances, responseLatency and responseDuration.
	Spans    []Span  `json:"spans"`
	Tracing  Tracing `json:"tracing"`
	TenantID string  `json:"tenantId"`
}

// ReportMetrics holds what Lambda measured; a field is nil where it is absent. Managed Instances send only Duration.
// Sizes are in Lambda's MB, 1,024 × 1,024 bytes. All are floats: the documented integers have arrived as floats.
type ReportMetrics struct {
	Duration              *Milliseconds `json:"durationMs"`
	BilledDuration        *Milliseconds `json:"billedDurationMs"`
	InitDuration          *Milliseconds `json:"initDurationMs"`
	RestoreDuration       *Milliseconds `json:"restoreDurationMs"`
	BilledRestoreDuration *Milliseconds `json:"billedRestoreDurationMs"`
	MemorySizeMB          *float64      `json:"memorySizeMB"`
	MaxMemoryUsedMB       *float64      `json:"maxMemoryUsedMB"`
}

// Init is the record of platform.initStart, initRuntimeDone and initReport, and of their likes for a restore, restoreStart
// and so on: each has a part of these fields.
type Init struct {
	// Type is how the environment came to be: on-demand, provisioned-concurrency, snap-start or
	// lambda-managed-instances. It is empty for a restore.
	Type string `json:"initializationType"`
	// Phase is init, or invoke for an INIT that runs during an invocation, after a failed one or a reset.
	Phase string `json:"phase"`
	// InstanceID is the name of the log stream, as seen on Lambda; on Managed Instances it may be something else.
	InstanceID string `json:"instanceId"`
	Status     Status `json:"status"`
	ErrorType  string `json:"errorType"` // empty on success
	Metrics    struct {
		Duration *Milliseconds `json:"durationMs"`
	} `json:"metrics"`
}

// Span is a part of an invocation that Lambda measured.
type Span struct {
	Name     string        `json:"name"`
	Start    EventTime     `json:"start"`
	Duration *Milliseconds `json:"durationMs"`
}

// EventTime is a time in a record: zero for one that does not parse, as Lambda's documentation itself prints one.
type EventTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (t *EventTime) UnmarshalJSON(value []byte) error {
	t.Time = decodeTime(value)
	return nil
}

// LogsDropped is the record of platform.logsDropped: Lambda gave up on events that the subscriber did not take.
type LogsDropped struct {
	Bytes   float64 `json:"droppedBytes"`
	Records float64 `json:"droppedRecords"`
	Reason  string  `json:"reason"`
}

// Milliseconds is how the wire gives a duration.
type Milliseconds float64

// Duration returns m as a time.Duration.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// Start decodes the record of a platform.start event.
func (e TelemetryEvent) Start() (Start, error) { return decodeRecord[Start](e, PlatformStart) }

// RuntimeDone decodes the record of a platform.runtimeDone event.
func (e TelemetryEvent) RuntimeDone() (RuntimeDone, error) {
	return decodeRecord[RuntimeDone](e, PlatformRuntimeDone)
}

// Report decodes the record of a platform.report event.
func (e TelemetryEvent) Report() (Report, error) { return decodeRecord[Report](e, PlatformReport) }

// Init decodes the record of a platform.init… or platform.restore… event.
func (e TelemetryEvent) Init() (Init, error) { return decodeRecord[Init](e, e.Type) }

// LogsDropped decodes the record of a platform.logsDropped event.
func (e TelemetryEvent) LogsDropped() (LogsDropped, error) {
	return decodeRecord[LogsDropped](e, PlatformLogsDropped)
}

// decodeRecord decodes what it can: a field of an unexpected JSON type is left zero, with an error, and the others are
// there all the same. What a caller most needs, the request id, must not hang on the shape of a metric.
func decodeRecord[T any](e TelemetryEvent, want string) (T, error) {
	var record T
	if e.Type != want {
		return record, fmt.Errorf("telemetry event is %q, not %q", e.Type, want)
	}
	if err := json.Unmarshal(e.Record, &record); err != nil {
		return record, fmt.Errorf("decode %s record: %w", want, err)
	}
	return record, nil
}
