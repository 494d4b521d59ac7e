// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"hash/fnv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// invocation is one that has begun and not ended.
type invocation struct {
	id       string
	start    time.Time // zero if its platform.start was not seen
	tenantID string
	cold     bool // the first of the environment
	// header is what Lambda was given: zero unless it is sampled. segment is the id of Lambda's own span in that trace.
	header  traceContext
	segment pcommon.SpanID
	own     traceContext // of a span of ours
}

func newInvocation(id string, start time.Time, tenantID string, tracing lambdaapi.Tracing) *invocation {
	inv := &invocation{id: id, start: start, tenantID: tenantID}
	if header, ok := parseXRay(tracing.Value); ok && header.sampled {
		inv.header = header
		decodeHex(inv.segment[:], tracing.SpanID)
	}
	inv.own = inv.ownTrace()
	return inv
}

// ownTrace returns the ids that a span of ours has: those of X-Ray if it samples the invocation; else such as follow from
// the request id, so that whoever has one has the other.
func (i *invocation) ownTrace() traceContext {
	c := traceContext{traceID: i.header.traceID, spanID: i.segment, sampled: true}
	var uuid pcommon.TraceID
	if !decodeHex(uuid[:], strings.ReplaceAll(i.id, "-", "")) {
		hash := fnv.New128a() // Lambda's ids are UUIDs, those of emulators need not be
		_, _ = hash.Write([]byte(i.id))
		hash.Sum(uuid[:0])
	}
	if c.traceID.IsEmpty() {
		c.traceID = uuid
	}
	if c.spanID.IsEmpty() {
		copy(c.spanID[:], uuid[8:])
	}
	return c
}

// outcome is how an invocation ended, as far as is known.
type outcome struct {
	end       time.Time
	status    lambdaapi.Status
	errorType string
	duration  *lambdaapi.Milliseconds
	produced  *float64
	spans     []lambdaapi.Span
}

func (o outcome) failed() bool { return o.status != lambdaapi.StatusSuccess }

// kind names the error: as Lambda does, else by the status.
func (o outcome) kind() string {
	if o.errorType != "" {
		return o.errorType
	}
	return string(o.status)
}

// message describes the error in words.
func (o outcome) message() string {
	took := ""
	if o.duration != nil {
		took = " after " + o.duration.Duration().Round(time.Millisecond).String()
	}
	switch {
	case o.status == lambdaapi.StatusTimeout:
		return "The function timed out" + took
	case o.errorType != "":
		return "The invocation failed" + took + ": " + o.errorType
	}
	return "The invocation failed" + took
}

// recent remembers the latest request ids: events may be delivered twice, and long after the invocation.
type recent struct {
	ids [64]string
	at  int
}

// add reports whether the id is new.
func (r *recent) add(id string) bool {
	for _, known := range r.ids {
		if known == id {
			return false
		}
	}
	r.ids[r.at] = id
	r.at = (r.at + 1) % len(r.ids)
	return true
}
