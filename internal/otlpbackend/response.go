// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// What the answers say, over either protocol.
const (
	wrongToken = "authorization is not the token that this backend expects"
	injected   = "injected fault"
)

func logsResponse(rejected int64) plogotlp.ExportResponse {
	response := plogotlp.NewExportResponse()
	if rejected > 0 {
		response.PartialSuccess().SetRejectedLogRecords(rejected)
		response.PartialSuccess().SetErrorMessage(injected)
	}
	return response
}

func tracesResponse(rejected int64) ptraceotlp.ExportResponse {
	response := ptraceotlp.NewExportResponse()
	if rejected > 0 {
		response.PartialSuccess().SetRejectedSpans(rejected)
		response.PartialSuccess().SetErrorMessage(injected)
	}
	return response
}

func metricsResponse(rejected int64) pmetricotlp.ExportResponse {
	response := pmetricotlp.NewExportResponse()
	if rejected > 0 {
		response.PartialSuccess().SetRejectedDataPoints(rejected)
		response.PartialSuccess().SetErrorMessage(injected)
	}
	return response
}
