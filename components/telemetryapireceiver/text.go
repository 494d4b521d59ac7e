// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// text converts a line of text. The body is the whole line, without the newline that ends it; what the formats of the
// runtimes and their loggers say in front of the message is also read:
//
//	Node.js, .NET   time TAB request id TAB level TAB message   (the id is "undefined", or empty, outside invocations)
//	Python          [LEVEL] TAB time TAB request id TAB message
//	Java, Python    [LEVEL] message                             (Python: for uncaught exceptions)
//	log4j2, logback time request id LEVEL message               (also a thread in brackets between them)
//	Rust tracing    time LEVEL span{requestId="…"}: message     (the time, and the span, may be absent)
//	Ruby            I, [time #process]  LEVEL -- request id: message
//	slog, logrus    time=… level=… msg=…
//
// A JSON object for a message is converted like one that is the whole line.
func (c *converter) text(lr plog.LogRecord, line string, eventTime time.Time) {
	if trimmed := strings.TrimSuffix(line, "\n"); trimmed != "" {
		line = trimmed
	}
	if !c.prefixed(lr, line, eventTime) {
		lr.Body().SetStr(line)
	}
	textTrace(lr, line)
	setTraceback(lr, line)
}

// prefixed reads what stands in front of the message. It reports whether it has also set the body.
func (c *converter) prefixed(lr plog.LogRecord, line string, eventTime time.Time) bool {
	if line == "" {
		return false
	}
	switch first := line[0]; {
	case first == '[':
		c.bracketed(lr, line, eventTime)
	case '0' <= first && first <= '9':
		if at, rest, ok := strings.Cut(line, "\t"); ok {
			return c.tabbed(lr, at, rest, eventTime)
		}
		c.timed(lr, line, eventTime)
	case strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "level="):
		c.logfmt(lr, line, eventTime)
	case len(line) > 4 && line[1:4] == ", [":
		c.ruby(lr, line, eventTime)
	case 'A' <= first && first <= 'Z' || first == ' ':
		c.leading(lr, strings.TrimLeft(line, " "))
	}
	return false
}

// bracketed reads a line that begins with a level in capitals and brackets that a blank or tab follows: anything looser
// could be text.
func (c *converter) bracketed(lr plog.LogRecord, line string, eventTime time.Time) {
	level, rest, ok := strings.Cut(line[1:], "]")
	if _, known := severities[level]; !ok || !known || !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "\t") {
		return
	}
	setSeverity(lr, level)
	if at, rest, ok := strings.Cut(strings.TrimPrefix(rest, "\t"), "\t"); ok && setTime(lr, at, eventTime) {
		id, _, _ := strings.Cut(rest, "\t")
		c.textRequestID(lr, id)
		return
	}
	setUncaught(lr, strings.TrimPrefix(rest, " "))
}

// tabbed reads the format of Node.js and .NET. What console.log got as JSON, and what the runtime says of an error, is
// read too.
func (c *converter) tabbed(lr plog.LogRecord, at, rest string, eventTime time.Time) (bodySet bool) {
	id, rest, _ := strings.Cut(rest, "\t")
	level, message, ok := strings.Cut(rest, "\t")
	if _, known := severity(level); !ok || !known || !setTime(lr, at, eventTime) {
		return false
	}
	setSeverity(lr, level)
	if object, ok := asObject(message); ok {
		c.object(lr, object, eventTime)
		bodySet = true
	} else if _, details, ok := strings.Cut(message, "\t"); ok { // Invoke Error, Uncaught Exception
		if object, ok := asObject(details); ok {
			setRuntimeError(lr, object)
		}
	}
	c.textRequestID(lr, id)
	return bodySet
}

// timed reads a line that begins with a time, which a level follows within a few words.
func (c *converter) timed(lr plog.LogRecord, line string, eventTime time.Time) {
	const shortest = len("2006-01-02T15:04:05")
	if len(line) < shortest {
		return
	}
	if details, ok := asObject(strings.TrimPrefix(line[shortest:], " ")); ok && line[4] == '/' { // an error, of the runtime for Go
		setRuntimeError(lr, details)
		return
	}
	end := strings.IndexByte(line[shortest:], ' ')
	if end < 0 {
		return
	}
	at, rest := line[:shortest+end], line[shortest+end:]
	if _, ok := parseTime(at); !ok {
		return
	}
	const wordsBefore = 3 // a thread, a request id, a process
	for range wordsBefore + 1 {
		var word string
		word, rest, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
		if _, known := severities[strings.Trim(word, "[]:")]; known {
			setSeverity(lr, strings.Trim(word, "[]:"))
			setTime(lr, at, eventTime)
			c.textRequestID(lr, quotedID(rest))
			return
		}
		c.textRequestID(lr, strings.Trim(word, "[]"))
	}
}

// leading reads a line that begins with a level in capitals, as Rust's tracing writes it without a time.
func (c *converter) leading(lr plog.LogRecord, line string) {
	level, rest, ok := strings.Cut(line, " ")
	if _, known := severities[level]; ok && known {
		setSeverity(lr, level)
		c.textRequestID(lr, quotedID(rest))
	}
}

// quotedID returns the request id that Rust's tracing puts into the name of the span: requestId="…".
func quotedID(line string) string {
	id, ok := after(line, "requestId=")
	if !ok {
		return ""
	}
	id = strings.TrimPrefix(id, `"`)
	return id[:min(len(id), len("00000000-0000-0000-0000-000000000000"))]
}

// ruby reads the format of Ruby's Logger, to which Lambda's runtime gives the request id for a program name.
func (c *converter) ruby(lr plog.LogRecord, line string, eventTime time.Time) {
	at, rest, ok := strings.Cut(line[4:], "]")
	if !ok {
		return
	}
	level, rest, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if _, known := severities[level]; !ok || !known && level != "ANY" || level[0] != line[0] {
		return
	}
	at, _, _ = strings.Cut(at, " #")
	setTime(lr, at, eventTime)
	setSeverity(lr, level)
	if id, _, ok := strings.Cut(strings.TrimPrefix(rest, "-- "), ":"); ok {
		c.textRequestID(lr, id)
	}
}

// logfmt reads what slog and logrus write as text.
func (c *converter) logfmt(lr plog.LogRecord, line string, eventTime time.Time) {
	head, message, ok := strings.Cut(line, "msg=")
	if !ok {
		return
	}
	if _, level, ok := strings.Cut(head, "level="); ok {
		level, _, _ = strings.Cut(level, " ")
		if _, known := severity(level); known {
			setSeverity(lr, level)
		}
	}
	if at, ok := strings.CutPrefix(head, "time="); ok {
		at, _, _ = strings.Cut(at, " ")
		setTime(lr, strings.Trim(at, `"`), eventTime)
	}
	c.textRequestID(lr, quotedID(message))
}

func (c *converter) textRequestID(lr plog.LogRecord, id string) {
	if id != "" && id == c.requestID || isUUID(id) {
		putAbsent(lr.Attributes(), invocationIDKey, id)
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
