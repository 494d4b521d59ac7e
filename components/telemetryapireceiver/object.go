// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
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
	clear(c.moves)
	c.moves = c.moves[:0]
	for key, value := range jsonscan.Members(raw) {
		if !o.take(key, value) && keep {
			c.setValue(attributes.PutEmpty(c.copy(key)), value, 1)
		}
	}
	o.readNested()
	for _, m := range c.moves { // last, so that no attribute of the function's own is overwritten
		if !putAbsent(attributes, m.to, m.value) && keep && m.from != "" {
			c.setValue(attributes.PutEmpty(m.from), m.raw, 1)
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
	nested            []nested
	xray              traceContext // what an X-Ray header in the record says
}

// nested is an object inside, of which members have a meaning too. They are kept there as well.
type nested struct{ key, value []byte }

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
	case "level", "log_level", "levelname", "severity", "log.level":
		return o.takeLevel(value)
	case "timestamp", "time", "@timestamp", "ts":
		return o.takeTime(value)
	case "trace_id", "traceId", "traceid", "trace.id", "otelTraceID", "dd.trace_id", "xray_trace_id", "xrayTraceId", "AWS-XRAY-TRACE-ID":
		return o.takeTraceID(value)
	case "span_id", "spanId", "spanid", "span.id", "otelSpanID", "dd.span_id":
		return o.takeSpanID(value)
	case "requestId", "AWSRequestId", "awsRequestId", "function_request_id":
		return o.moveRequestID(o.copy(key), value)
	case "span", "dd", "err", "error", "exception", "thrown":
		if isJSONObject(value) {
			o.nested = append(o.nested, nested{key, value})
		} else if string(key) == "exception" && value[0] == '"' { // Powertools for Python
			return o.moveException(exceptionStacktrace, "exception", value)
		}
		return false
	}
	if to := exceptionField(string(key)); to != "" {
		return o.moveException(to, o.copy(key), value)
	}
	return false
}

func (o *object) takeLevel(value []byte) bool {
	if o.hasLevel {
		return false
	}
	if value[0] == '"' {
		setSeverity(o.record, o.decode(value))
	} else if level, ok := numericLevels[string(value)]; ok {
		setSeverity(o.record, level)
	} else {
		return false
	}
	o.hasLevel = true
	return true
}

func (o *object) takeTime(value []byte) bool {
	if o.hasTime {
		return false
	}
	if value[0] == '"' {
		o.hasTime = setTime(o.record, string(value[1:len(value)-1]), o.eventTime)
	} else if t, ok := parseEpoch(string(value), o.eventTime); ok {
		o.hasTime = setRecordTime(o.record, t, o.eventTime)
	}
	return o.hasTime
}

// takeTraceID takes an id in any form that names nothing else. A header of X-Ray's stays an attribute, because it says
// more than the id.
func (o *object) takeTraceID(value []byte) bool {
	if !o.record.TraceID().IsEmpty() || value[0] != '"' {
		return false
	}
	text := o.decode(value)
	if id, ok := parseTraceID(text); ok {
		o.record.SetTraceID(id)
		return true
	}
	if c, ok := parseXRay(text); ok {
		o.xray = c
	}
	return false
}

func (o *object) takeSpanID(value []byte) bool {
	if !o.record.SpanID().IsEmpty() || value[0] != '"' {
		return false
	}
	id, ok := parseSpanID(o.decode(value))
	if ok {
		o.record.SetSpanID(id)
	}
	return ok
}

func (o *object) moveRequestID(from string, value []byte) bool {
	if value[0] != '"' {
		return false
	}
	id := o.requestID // the usual case, for which nothing need be allocated
	if string(value[1:len(value)-1]) != id {
		if id = o.decode(value); !isUUID(id) {
			return false
		}
	}
	o.moves = append(o.moves, move{to: invocationIDKey, value: id, from: from, raw: value})
	return true
}

// moveException moves what describes an error.
func (o *object) moveException(to, from string, value []byte) bool {
	text, ok := exceptionValue(value)
	if ok {
		o.moves = append(o.moves, move{to: to, value: text, from: from, raw: value})
	}
	return ok
}

// readNested reads what loggers put deeper: an error, the request id that Rust's tracing has in the span, Datadog's ids.
func (o *object) readNested() {
	if isJSONObject(o.message) { // an error that Node.js logs is its message
		for key, value := range jsonscan.Members(o.message) {
			if to := exceptionField(string(key)); to != "" {
				o.moveException(to, "", value)
			}
		}
	}
	for _, n := range o.nested {
		for key, value := range jsonscan.Members(n.value) {
			switch name := string(key); string(n.key) {
			case "span":
				switch name {
				case "requestId":
					o.moveRequestID("", value)
				case "xrayTraceId":
					o.takeTraceID(value)
				}
			case "dd":
				switch name {
				case "trace_id":
					o.takeTraceID(value)
				case "span_id":
					o.takeSpanID(value)
				}
			default:
				if to := errorField(name); to != "" {
					o.moveException(to, "", value)
				}
			}
		}
	}
	o.joinXRay()
}

// joinXRay takes the trace of an X-Ray header in the record if it is sampled and another one than that of the
// invocation, which gets its trace elsewhere.
func (o *object) joinXRay() {
	if o.xray.sampled && o.record.TraceID().IsEmpty() && o.xray.traceID != o.header.traceID {
		o.record.SetTraceID(o.xray.traceID)
	}
}

// setBody sets the message; without one the message among the fields of Rust's tracing, which then is no attribute any
// more; without that the message of the error. It reports whether there is any.
func (o *object) setBody() bool {
	body := o.record.Body()
	if o.message != nil {
		o.setValue(body, o.message, 1)
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
		if m.to == exceptionMessage && m.value != "" {
			body.SetStr(m.value)
			return true
		}
	}
	return false
}

func isJSONObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }
