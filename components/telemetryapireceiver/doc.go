// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package telemetryapireceiver is the Collector receiver "telemetryapi": it turns what the AWS Lambda Telemetry API
// delivers into OpenTelemetry logs, traces and metrics. docs/telemetry.md says what becomes of each event.
//
// It neither listens nor subscribes itself. The lambda_lifecycle extension has the one subscription of the environment
// and hands every batch over in stream order: only so can it know, when it sees platform.runtimeDone, that everything
// the invocation logged has reached the exporters.
//
// A batch goes through the stream: the stitcher puts records together that Lambda has cut; the converter makes log records
// of lines; the joiner says which trace an invocation belongs to, from what functionSpans sees the function's SDK send,
// and the holder keeps lines until that is known; the tracer makes spans and the measures make metrics of platform events.
//
// # What becomes of a line
//
// A JSON object (also one inside a string, as loggers write that do not know Lambda's JSON format): its message is the
// body; its level, timestamp, request id, error and trace context go to where OpenTelemetry has them; all other fields
// are attributes. A line of text is the body as it is, with the severity, time and request id of the formats of
// Lambda's runtimes. Any other value is the body as JSON text. Nothing that was logged is left out, changed or
// invented: a line that names no level has no severity. An attribute of the function's own is never overwritten.
package telemetryapireceiver
