// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sampledFlag is the one flag of W3C Trace Context.
const sampledFlag = plog.LogRecordFlags(1)

// traceContext says where in a trace something happened. Fields are zero where they are not known.
type traceContext struct {
	traceID pcommon.TraceID
	spanID  pcommon.SpanID
	sampled bool
}

// parseXRay parses the value of X-Amzn-Trace-Id: Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0|1, in any order and
// with more fields; all but Root may be absent. The span id is that of Parent. The bare value of Root will do.
func parseXRay(header string) (traceContext, bool) {
	var c traceContext
	if id, ok := parseXRayRoot(header); ok {
		return traceContext{traceID: id}, true
	}
	found := false
	for field := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch strings.ToLower(name) {
		case "root":
			c.traceID, found = parseXRayRoot(value)
		case "parent":
			decodeHex(c.spanID[:], value)
		case "sampled":
			c.sampled = value == "1"
		}
	}
	return c, found
}

// parseXRayRoot parses 1-<8 hex>-<24 hex>, which is a W3C trace id with hyphens.
func parseXRayRoot(root string) (pcommon.TraceID, bool) {
	var id pcommon.TraceID
	if len(root) != 35 || root[:2] != "1-" || root[10] != '-' {
		return id, false
	}
	ok := decodeHex(id[:4], root[2:10]) && decodeHex(id[4:], root[11:])
	return id, ok && !id.IsEmpty()
}

// decodeHex decodes just as many hexadecimal digits as id takes; id is unchanged if it cannot.
func decodeHex[T string | []byte](id []byte, digits T) bool {
	if len(digits) != hex.EncodedLen(len(id)) {
		return false
	}
	for i := range len(digits) {
		if !isHex(digits[i]) {
			return false
		}
	}
	_, _ = hex.Decode(id, []byte(digits)) // checked
	return true
}

// parseTraceID parses 32 hexadecimal digits, or the 64 bits in decimal that Datadog's libraries write: those are the
// lower half.
func parseTraceID(text string) (pcommon.TraceID, bool) {
	var id pcommon.TraceID
	if !decodeHex(id[:], text) {
		decodeDecimal(id[8:], text)
	}
	return id, !id.IsEmpty()
}

// parseSpanID parses 16 hexadecimal digits, or 64 bits in decimal.
func parseSpanID(text string) (pcommon.SpanID, bool) {
	var id pcommon.SpanID
	if !decodeHex(id[:], text) {
		decodeDecimal(id[:], text)
	}
	return id, !id.IsEmpty()
}

func decodeDecimal(id []byte, text string) {
	if len(text) < 17 || len(text) > 20 { // 16 digits are hexadecimal, fewer a number like any other
		return
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		binary.BigEndian.PutUint64(id, n)
	}
}

// textTrace reads the ids that logging integrations put into lines of text: "trace_id=… span_id=…" (OpenTelemetry for
// Python) and "dd.trace_id=… dd.span_id=…" (Datadog).
func textTrace(lr plog.LogRecord, line string) {
	trace, ok := textField(line, "trace_id=")
	if !ok {
		return
	}
	id, ok := parseTraceID(trace)
	if !ok {
		return
	}
	lr.SetTraceID(id)
	if span, ok := textField(line, "span_id="); ok {
		if id, ok := parseSpanID(span); ok {
			lr.SetSpanID(id)
		}
	}
}

// after returns what follows a name that ends in "=". Most lines have no such byte, and to look for it is ten times as fast
// as to search for the name.
func after(line, name string) (string, bool) {
	if strings.IndexByte(line, '=') < 0 {
		return "", false
	}
	_, value, ok := strings.Cut(line, name)
	return value, ok
}

// textField returns what follows name, as far as it is letters and digits.
func textField(line, name string) (string, bool) {
	value, ok := after(line, name)
	if !ok {
		return "", false
	}
	value = strings.TrimPrefix(value, `"`)
	end := 0
	for end < len(value) && isHex(value[end]) {
		end++
	}
	return value[:end], true
}
