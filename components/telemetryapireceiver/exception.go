// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

const (
	exceptionType       = "exception.type"
	exceptionMessage    = "exception.message"
	exceptionStacktrace = "exception.stacktrace"
)

// exceptionField returns the attribute for a field in which the runtimes, at the top of a record, describe an error. So
// do Powertools (exception_name, exception, stack_trace) and the layouts of log4j2 and logback for ECS (error.…).
func exceptionField(name string) string {
	switch name {
	case "errorType", "exception_name", "error.type":
		return exceptionType
	case "errorMessage", "error.message":
		return exceptionMessage
	case "stackTrace", "stack_trace", "error.stack_trace":
		return exceptionStacktrace
	}
	return ""
}

// errorField is exceptionField for a field of an object that is an error: the message of Node.js, err of pino and
// bunyan, error of Powertools, thrown of log4j2.
func errorField(name string) string {
	switch name {
	case "type", "name":
		return exceptionType
	case "message":
		return exceptionMessage
	case "stack", "extendedStackTrace":
		return exceptionStacktrace
	}
	return exceptionField(name)
}

// exceptionValue returns a string, or the lines of an array of strings.
func exceptionValue(value []byte) (string, bool) {
	switch value[0] {
	case '"':
		return jsonscan.String(value), true
	case '[':
		var lines []string
		for line := range jsonscan.Elements(value) {
			if line[0] != '"' {
				return "", false
			}
			lines = append(lines, jsonscan.String(line))
		}
		return strings.Join(lines, "\n"), true
	}
	return "", false
}

// setRuntimeError reads what the runtimes for Node.js and Go log of an error that nobody caught; it stays in the body too.
func setRuntimeError(lr plog.LogRecord, object []byte) {
	for name, value := range jsonscan.Members(object) {
		to := exceptionField(string(name))
		if string(name) == "stack" {
			to = exceptionStacktrace
		}
		if to == "" {
			continue
		}
		if text, ok := exceptionValue(value); ok {
			putAbsent(lr.Attributes(), to, text)
		}
	}
}

const traceback = "Traceback (most recent call last):"

// setUncaught reads "Type: message", which the Python runtime logs of an exception that nobody caught, with a traceback
// behind it. Without one the type must be called error or exception: the same could be text.
func setUncaught(lr plog.LogRecord, message string) {
	name, rest, ok := strings.Cut(message, ": ")
	if !ok || !isTypeName(name) {
		return
	}
	text, _, traced := strings.Cut(rest, traceback)
	if !traced && !strings.HasSuffix(name, "Error") && !strings.HasSuffix(name, "Exception") {
		return
	}
	putAbsent(lr.Attributes(), exceptionType, name)
	putAbsent(lr.Attributes(), exceptionMessage, strings.TrimRight(text, "\r\n"))
}

// setTraceback reads a traceback of Python behind a message. Its last line names the exception, unless the line before
// it has.
func setTraceback(lr plog.LogRecord, line string) {
	if !strings.HasPrefix(line, traceback) && strings.IndexByte(line, '\n') < 0 && strings.IndexByte(line, '\r') < 0 {
		return // most lines
	}
	at := strings.Index(line, traceback)
	if at < 0 || at > 0 && line[at-1] != '\n' && line[at-1] != '\r' {
		return
	}
	stack := strings.TrimRight(line[at:], "\r\n")
	putAbsent(lr.Attributes(), exceptionStacktrace, stack)
	last := stack[strings.LastIndexAny(stack, "\r\n")+1:]
	name, message, _ := strings.Cut(last, ": ")
	if isTypeName(name) {
		if putAbsent(lr.Attributes(), exceptionType, name) {
			putAbsent(lr.Attributes(), exceptionMessage, message)
		}
	}
}

// isTypeName reports whether name could be that of a class, with or without its module.
func isTypeName(name string) bool {
	for _, c := range name {
		if c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != ""
}
