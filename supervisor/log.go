// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
)

// logger writes one line per message, in the format of the collector's: Lambda splits an extension's output per line.
type logger struct {
	out  io.Writer
	json bool
}

// jsonLogs decides by ROTEL_LOG_FORMAT, if it is set, else by the function's AWS_LAMBDA_LOG_FORMAT, which is documented
// as JSON and seen as json.
func jsonLogs(own, function string) bool {
	if own = strings.TrimSpace(own); own != "" {
		return strings.EqualFold(own, "json")
	}
	return strings.EqualFold(function, "json")
}

func (l logger) error(message string) { l.print("ERROR", message) }
func (l logger) warn(message string)  { l.print("WARN", message) }

func (l logger) print(level, message string) {
	message = strings.Join(strings.Fields(message), " ")
	line := level + " otelcol-lambda: " + message
	if l.json {
		line = `{"level":"` + level + `","logger":"otelcol-lambda","message":"` + escape(message) + `"}`
	}
	// Nobody is left to tell when this fails.
	_, _ = io.WriteString(l.out, line+"\n")
}

// escape makes the inside of a JSON string of a message. encoding/json would make the supervisor 0.3 MB larger.
func escape(message string) string {
	message = strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(message, "\uFFFD"))
	return strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(message)
}
