// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdatelemetry is the Collector's own telemetry, cut down to what a Lambda extension has a use for: a
// logger. The meter and tracer providers are no-ops: there is nobody in the environment to scrape them, and the stock
// implementation costs 4 ms of CPU in every cold start.
//
// Every record is one line on standard error, because Lambda takes each line that an extension writes for a record of
// its own. The format is that of the supervisor, so that all lines of the layer look alike:
//
//	WARN otelcol-lambda: message {"field": "value"}
//	{"level":"WARN","timestamp":"2026-01-02T03:04:05.678Z","logger":"otelcol-lambda","message":"…","field":"value"}
//
// The second one is used when the function logs in JSON. Text lines have no timestamp, as Lambda adds its own to each
// record; callers and stack traces are left out.
//
// The environment decides:
//
//	OPENTELEMETRY_EXTENSION_LOG_LEVEL  debug, info, warn or error in any case (default warn)
//	ROTEL_LOG_FORMAT                   json or text
//	AWS_LAMBDA_LOG_FORMAT              the same, if that is not set; set by Lambda
//
// and service::telemetry::logs::{level, encoding} of a YAML configuration comes before it. All else that the stock
// service::telemetry takes (other keys of logs; metrics, traces, resource) is accepted, so that a configuration from
// elsewhere loads, and has no effect.
package lambdatelemetry
