// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

// object converts a JSON object that was logged. A field with a meaning in OpenTelemetry is moved to where that is; one
// that is not what its name says, or comes second, stays an attribute like any other. An object with too many fields
// for attributes is the body, as text.
func (c *converter) object(lr plog.LogRecord, raw []byte, eventTime time.Time) {
	attributes := lr.Attributes()
	attributes.EnsureCapacity(8)
	keep := fits(raw)
	o := object{converter: c, record: lr, eventTime: eventTime}
	for key, value := range jsonscan.Members(raw) {
		if !o.take(key, value) && keep {
			setValue(attributes.PutEmpty(string(key)), value, 1)
		}
	}
	o.nested()
	for _, m := range o.moves {
		if !putAbsent(attributes, m.to, m.value) && keep && m.from != "" {
			setValue(attributes.PutEmpty(m.from), m.raw, 1)
		}
	}
	if !keep || !o.setBody() {
		setJSON(lr.Body(), raw)
	}
}

// object is a JSON object on its way into a log record.
type object struct {
	*converter
	record    plog.LogRecord
	eventTime time.Time

	hasLevel, hasTime bool
	message           []byte // raw
	span              []byte // raw, of Rust's tracing
	moves             []move // applied last, so that no attribute of the function's own is overwritten
}

// move is a string that gets an attribute of OpenTelemetry's. If that is taken it stays where it comes from.
type move struct {
	to, value string
	from      string // empty if it is also kept elsewhere
	raw       []byte
}

// take reports whether a field has got its place in the record.
func (o *object) take(key, value []byte) bool {
	switch string(key) {
	case "message", "msg":
		if o.message != nil || string(value) == `""` || string(value) == "null" {
			return false
		}
		o.message = value
		return true
	case "level", "log_level", "levelname", "severity":
		return o.takeLevel(value)
	case "timestamp", "time", "@timestamp":
		return o.takeTime(value)
	case "trace_id":
		return o.takeTraceID(value)
	case "span_id":
		return o.takeSpanID(value)
	case "requestId", "AWSRequestId", "awsRequestId":
		return o.moveRequestID(string(key), value)
	case "errorType", "errorMessage", "stackTrace":
		return o.moveException(string(key), string(key), value)
	case "span":
		o.span = value
	}
	return false
}

func (o *object) takeLevel(value []byte) bool {
	if o.hasLevel || value[0] != '"' {
		return false
	}
	o.hasLevel = true
	setSeverity(o.record, jsonscan.String(value))
	return true
}

func (o *object) takeTime(value []byte) bool {
	if o.hasTime || value[0] != '"' {
		return false
	}
	o.hasTime = setTime(o.record, string(value[1:len(value)-1]), o.eventTime)
	return o.hasTime
}

func (o *object) takeTraceID(value []byte) bool {
	var id pcommon.TraceID
	if !o.record.TraceID().IsEmpty() || !decodeID(id[:], value) || id.IsEmpty() {
		return false
	}
	o.record.SetTraceID(id)
	return true
}

func (o *object) takeSpanID(value []byte) bool {
	var id pcommon.SpanID
	if !o.record.SpanID().IsEmpty() || !decodeID(id[:], value) || id.IsEmpty() {
		return false
	}
	o.record.SetSpanID(id)
	return true
}

// decodeID decodes a JSON string of just as many hexadecimal digits as id takes.
func decodeID(id, value []byte) bool {
	if len(value) != 2+hex.EncodedLen(len(id)) || value[0] != '"' {
		return false
	}
	_, err := hex.Decode(id, value[1:len(value)-1])
	return err == nil
}

func (o *object) moveRequestID(from string, value []byte) bool {
	if value[0] != '"' {
		return false
	}
	id := o.requestID // the usual case, for which nothing need be allocated
	if string(value[1:len(value)-1]) != id {
		if id = jsonscan.String(value); !isUUID(id) {
			return false
		}
	}
	o.moves = append(o.moves, move{to: invocationIDKey, value: id, from: from, raw: value})
	return true
}

// moveException moves one of the three fields in which the runtimes describe an error.
func (o *object) moveException(name, from string, value []byte) bool {
	m := move{from: from, raw: value}
	switch name {
	case "errorType":
		m.to = "exception.type"
	case "errorMessage":
		m.to = "exception.message"
	case "stackTrace":
		m.to = "exception.stacktrace"
	default:
		return false
	}
	switch {
	case value[0] == '"':
		m.value = jsonscan.String(value)
	case value[0] == '[' && name == "stackTrace":
		var lines []string
		for line := range jsonscan.Elements(value) {
			if line[0] != '"' {
				return false
			}
			lines = append(lines, jsonscan.String(line))
		}
		m.value = strings.Join(lines, "\n")
	default:
		return false
	}
	o.moves = append(o.moves, m)
	return true
}

// nested reads what the runtimes put deeper: an error that Node.js logs is its message, and Rust's tracing has the
// request id in the span. They are kept there too.
func (o *object) nested() {
	if isJSONObject(o.message) {
		for key, value := range jsonscan.Members(o.message) {
			o.moveException(string(key), "", value)
		}
	}
	if isJSONObject(o.span) {
		for key, value := range jsonscan.Members(o.span) {
			if string(key) == "requestId" {
				o.moveRequestID("", value)
			}
		}
	}
}

// setBody sets the message; without one the message among the fields of Rust's tracing, which then is no attribute any
// more; without that the message of the error. It reports whether there is any.
func (o *object) setBody() bool {
	body := o.record.Body()
	if o.message != nil {
		setValue(body, o.message, 1)
		return true
	}
	if fields, ok := o.record.Attributes().Get("fields"); ok && fields.Type() == pcommon.ValueTypeMap {
		if message, ok := fields.Map().Get("message"); ok && message.Type() == pcommon.ValueTypeStr && message.Str() != "" {
			body.SetStr(message.Str())
			fields.Map().Remove("message")
			if fields.Map().Len() == 0 {
				o.record.Attributes().Remove("fields")
			}
			return true
		}
	}
	for _, m := range o.moves {
		if m.to == "exception.message" && m.value != "" {
			body.SetStr(m.value)
			return true
		}
	}
	return false
}

func isJSONObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }
