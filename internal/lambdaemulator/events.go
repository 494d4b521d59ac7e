// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Outcomes of INIT and of invocations, as platform events spell them.
const (
	StatusSuccess = "success"
	StatusError   = "error"   // the function's or an extension's doing
	StatusFailure = "failure" // the platform's
	StatusTimeout = "timeout"
)

// Phases of an INIT: a "suppressed" one runs inside an invocation, after a failed INIT or a reset.
const (
	phaseInit   = "init"
	phaseInvoke = "invoke"
)

// The platform events' records. Source: Lambda Developer Guide, "Telemetry API event schema reference".
type (
	initStartRecord struct {
		InitializationType string `json:"initializationType"`
		Phase              string `json:"phase"`
		FunctionName       string `json:"functionName"`
		FunctionVersion    string `json:"functionVersion"`
		// InstanceID is the name of the log stream (seen on Lambda, undocumented).
		InstanceID        string `json:"instanceId"`
		InstanceMaxMemory int    `json:"instanceMaxMemory"`
	}
	initDoneRecord struct { // initRuntimeDone and initReport
		InitializationType string       `json:"initializationType"`
		Phase              string       `json:"phase"`
		Status             string       `json:"status"`
		ErrorType          string       `json:"errorType,omitempty"`
		Metrics            *initMetrics `json:"metrics,omitempty"`
	}
	initMetrics struct {
		DurationMs float64 `json:"durationMs"`
	}
	startRecord struct {
		RequestID string `json:"requestId"`
		Version   string `json:"version"`
		// FunctionARN is there on Managed Instances only (Runtime Interface Emulator, interop/events_api.go).
		FunctionARN string   `json:"functionArn,omitempty"`
		Tracing     *tracing `json:"tracing,omitempty"`
	}
	runtimeDoneRecord struct {
		RequestID string          `json:"requestId"`
		Status    string          `json:"status"`
		ErrorType string          `json:"errorType,omitempty"`
		Metrics   *runtimeMetrics `json:"metrics,omitempty"`
		Spans     []span          `json:"spans,omitempty"`
		Tracing   *tracing        `json:"tracing,omitempty"`
	}
	runtimeMetrics struct {
		DurationMs    float64 `json:"durationMs"`
		ProducedBytes int     `json:"producedBytes"`
	}
	reportRecord struct {
		RequestID string        `json:"requestId"`
		Status    string        `json:"status"`
		ErrorType string        `json:"errorType,omitempty"`
		Metrics   reportMetrics `json:"metrics"`
		Spans     []span        `json:"spans,omitempty"`
		Tracing   *tracing      `json:"tracing,omitempty"`
	}
	reportMetrics struct {
		DurationMs float64 `json:"durationMs"`
		*sandboxMetrics
	}
	sandboxMetrics struct { // not on Managed Instances
		BilledDurationMs int64   `json:"billedDurationMs"`
		MemorySizeMB     int     `json:"memorySizeMB"`
		MaxMemoryUsedMB  int64   `json:"maxMemoryUsedMB"`
		InitDurationMs   float64 `json:"initDurationMs,omitempty"`
	}
	extensionRecord struct {
		Name      string   `json:"name"`
		State     string   `json:"state"`
		Events    []string `json:"events"`
		ErrorType string   `json:"errorType,omitempty"`
	}
	subscriptionRecord struct {
		Name  string   `json:"name"`
		State string   `json:"state"`
		Types []string `json:"types"`
	}
	logsDroppedRecord struct {
		DroppedBytes   int    `json:"droppedBytes"`
		DroppedRecords int    `json:"droppedRecords"`
		Reason         string `json:"reason"`
	}
	span struct {
		Name       string  `json:"name"`
		Start      string  `json:"start"`
		DurationMs float64 `json:"durationMs"`
	}
	tracing struct {
		SpanID string `json:"spanId,omitempty"`
		Type   string `json:"type"`
		Value  string `json:"value"`
	}
)

const xrayHeaderType = "X-Amzn-Trace-Id"

// event is a telemetry event before a subscription renders it.
type event struct {
	time   time.Time
	kind   string // "platform.start", "function", …
	record any    // for a line: its text
}

// class is the subscription type that the event belongs to.
func (e event) class() string {
	class, _, _ := strings.Cut(e.kind, ".")
	return class
}

// encode renders the event. With structured, a line that is a JSON object is delivered as one. A record of more than limit
// bytes is cut, wherever that is, into pieces that have the whole envelope each, in front and behind. Source: two halves of
// a real record, in the tests of DataDog/datadog-lambda-extension, pull request 1357.
func (e event) encode(structured bool, limit int) [][]byte {
	record := e.record
	if text, ok := record.(string); ok && structured && isObject(text) {
		record = json.RawMessage(text)
	}
	data, err := json.Marshal(record)
	if err != nil {
		panic("lambdaemulator: encode " + e.kind + ": " + err.Error()) // strings and plain structs always encode
	}
	var pieces [][]byte
	for piece := range slices.Chunk(data, limit) {
		pieces = append(pieces, fmt.Appendf(nil, `{"time":"%s","type":"%s","record":%s}`, timestamp(e.time), e.kind, piece))
	}
	return pieces
}

func isObject(text string) bool {
	trimmed := strings.TrimSpace(text)
	return strings.HasPrefix(trimmed, "{") && json.Valid([]byte(trimmed))
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

func newSpan(name string, start, end time.Time) span {
	return span{Name: name, Start: timestamp(start), DurationMs: milliseconds(end.Sub(start))}
}

// newTracing describes a sampled trace header; unsampled ones are left out of telemetry.
func newTracing(header string) *tracing {
	if !strings.Contains(header, "Sampled=1") {
		return nil
	}
	return &tracing{SpanID: randomHex(8), Type: xrayHeaderType, Value: header}
}

func logEvent(line LogLine) event {
	kind := lambdaapi.FunctionLog
	if line.Source == SourceExtension {
		kind = lambdaapi.ExtensionLog
	}
	return event{time: line.Time, kind: kind, record: line.Text}
}
