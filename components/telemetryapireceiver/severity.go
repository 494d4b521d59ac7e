// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
)

// severities maps what loggers call their levels to OpenTelemetry's numbers. Sources: the OpenTelemetry logs data model,
// appendix B, and the loggers of Lambda's runtimes: Node.js and Powertools, Python's logging, log4j2 and
// java.util.logging, .NET's LogLevel and its console labels, Ruby's Logger, Go's slog and zap, Rust's tracing.
var severities = map[string]plog.SeverityNumber{
	"TRACE": plog.SeverityNumberTrace, "TRCE": plog.SeverityNumberTrace, "VERBOSE": plog.SeverityNumberTrace,
	"FINEST": plog.SeverityNumberTrace, "FINER": plog.SeverityNumberTrace,
	"DEBUG": plog.SeverityNumberDebug, "DBUG": plog.SeverityNumberDebug, "FINE": plog.SeverityNumberDebug,
	"INFO": plog.SeverityNumberInfo, "INFORMATION": plog.SeverityNumberInfo, "NOTICE": plog.SeverityNumberInfo2,
	"WARN": plog.SeverityNumberWarn, "WARNING": plog.SeverityNumberWarn,
	"ERROR": plog.SeverityNumberError, "ERR": plog.SeverityNumberError, "FAIL": plog.SeverityNumberError,
	"SEVERE": plog.SeverityNumberError,
	"FATAL":  plog.SeverityNumberFatal, "CRITICAL": plog.SeverityNumberFatal, "CRIT": plog.SeverityNumberFatal,
	"ALERT": plog.SeverityNumberFatal, "EMERGENCY": plog.SeverityNumberFatal, "PANIC": plog.SeverityNumberFatal,
}

// numericLevels are those of pino and bunyan, by the names that these have for them.
var numericLevels = map[string]string{
	"10": "trace", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal",
}

// severity returns the number of a level in any case, false for a name that is none.
func severity(level string) (plog.SeverityNumber, bool) {
	number, ok := severities[strings.ToUpper(level)]
	return number, ok
}

// setSeverity keeps the level as the logger wrote it. A name that is no level we know has no number.
func setSeverity(lr plog.LogRecord, level string) {
	number, _ := severity(level)
	lr.SetSeverityNumber(number)
	lr.SetSeverityText(level)
}
