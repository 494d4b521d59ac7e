// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package telemetryapireceiver is the Collector receiver "telemetryapi": it turns what the AWS Lambda Telemetry API
// delivers into OpenTelemetry logs.
//
// It neither listens nor subscribes itself. The lambda_lifecycle extension has the one subscription of the environment
// and hands every batch over in stream order: only so can it know, when it sees platform.runtimeDone, that everything
// the invocation logged has reached the exporters.
//
// # What becomes of a record
//
// A JSON object (also one inside a string, as loggers write that do not know Lambda's JSON format): its message is the
// body; its level, timestamp, request id, error and trace context go to where OpenTelemetry has them; all other fields
// are attributes. A line of text is the body as it is, with the severity, time and request id of the formats of
// Lambda's runtimes. Any other value is the body as JSON text. Nothing that was logged is left out, changed or
// invented: a line that names no level has no severity.
//
// Attributes that are not the function's own: faas.invocation_id, on what the function logs (from the record, else the
// invocation that runs at this point of the stream; never guessed on Managed Instances, where invocations interleave);
// exception.type, exception.message and exception.stacktrace; aws.lambda.telemetry.type, "extension", on what an
// extension logs. An attribute of the function with the same name stays.
package telemetryapireceiver
