// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// text converts a line of text. The body is the whole line, without the newline that ends it; what the formats of the
// runtimes say in front of the message is also read:
//
//	Node.js, .NET  time TAB request id TAB level TAB message    (the id is "undefined", or empty, outside invocations)
//	Python         [LEVEL] TAB time TAB request id TAB message
//	Java, Python   [LEVEL] message                              (Python: for uncaught exceptions)
func (c *converter) text(lr plog.LogRecord, line string, eventTime time.Time) {
	if trimmed := strings.TrimSuffix(line, "\n"); trimmed != "" {
		line = trimmed
	}
	lr.Body().SetStr(line)

	if level, rest, ok := bracketed(line); ok {
		setSeverity(lr, level)
		if at, rest, ok := strings.Cut(strings.TrimPrefix(rest, "\t"), "\t"); ok && setTime(lr, at, eventTime) {
			id, _, _ := strings.Cut(rest, "\t")
			c.textRequestID(lr, id)
		}
		return
	}
	// Most lines have no tab, and those with tabs seldom begin with a digit: both are passed over quickly.
	if line == "" || line[0] < '0' || line[0] > '9' {
		return
	}
	at, rest, _ := strings.Cut(line, "\t")
	id, rest, _ := strings.Cut(rest, "\t")
	level, _, ok := strings.Cut(rest, "\t")
	if _, known := severity(level); ok && known && setTime(lr, at, eventTime) {
		setSeverity(lr, level)
		c.textRequestID(lr, id)
	}
}

// bracketed splits off a level in capitals and brackets that a blank or tab follows: anything looser could be text.
func bracketed(line string) (level, rest string, ok bool) {
	if !strings.HasPrefix(line, "[") {
		return "", "", false
	}
	level, rest, ok = strings.Cut(line[1:], "]")
	if _, known := severities[level]; !ok || !known || !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "\t") {
		return "", "", false
	}
	return level, rest, true
}

func (c *converter) textRequestID(lr plog.LogRecord, id string) {
	if id != "" && id == c.requestID || isUUID(id) {
		lr.Attributes().PutStr(invocationIDKey, id)
	}
}

// isUUID reports whether id has the shape of Lambda's request ids. A requestId that has not is the function's own idea of
// a request.
func isUUID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		switch i {
		case 8, 13, 18, 23:
			if id[i] != '-' {
				return false
			}
		default:
			if !isHex(id[i]) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
