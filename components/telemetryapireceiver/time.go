// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// timestamp returns false for a time that nanoseconds since 1970 in 64 bits cannot hold, the zero time among them.
func timestamp(t time.Time) (pcommon.Timestamp, bool) {
	if t.Year() < 1970 || t.Year() > 2261 {
		return 0, false
	}
	return pcommon.NewTimestampFromTime(t), true
}

// setTime sets the time that the record itself gives, and reports whether it could.
func setTime(lr plog.LogRecord, value string, eventTime time.Time) bool {
	t, ok := parseTime(value)
	return ok && setRecordTime(lr, t, eventTime)
}

// setRecordTime leaves the event's time if the record's says less: whole seconds (as Python logs them) within a second
// of it.
func setRecordTime(lr plog.LogRecord, t, eventTime time.Time) bool {
	ts, ok := timestamp(t)
	if ok && (t.Nanosecond() != 0 || eventTime.Sub(t).Abs() > time.Second) {
		lr.SetTimestamp(ts)
	}
	return ok
}

// parseTime parses RFC 3339 and what loggers make of it: a blank for the T, a comma before the fraction, +0000 for
// +00:00, or no zone, which is UTC in Lambda.
func parseTime(value string) (time.Time, bool) {
	if len(value) < len("2006-01-02T15:04:05") || value[4] != '-' || value[10] != 'T' && value[10] != ' ' {
		return time.Time{}, false
	}
	zone := value[len("2006-01-02T15:04:05"):]
	colon := strings.HasSuffix(zone, "Z") || len(zone) >= 6 && zone[len(zone)-3] == ':'
	layout := time.RFC3339 // a fraction is parsed where none is in the layout
	switch blank := value[10] == ' '; {
	case colon && blank:
		layout = "2006-01-02 15:04:05Z07:00"
	case colon:
	case strings.ContainsAny(zone, "+-") && blank:
		layout = "2006-01-02 15:04:05Z0700"
	case strings.ContainsAny(zone, "+-"):
		layout = "2006-01-02T15:04:05Z0700"
	case blank:
		layout = "2006-01-02 15:04:05"
	default:
		layout = "2006-01-02T15:04:05"
	}
	t, err := time.Parse(layout, value)
	return t, err == nil
}

// maxClockSkew is how far from the event a number may be to be taken for the time of the record: the same field may be
// of the function's own, say when an order was placed.
const maxClockSkew = time.Hour

// parseEpoch parses a time since 1970 in seconds, milliseconds, microseconds or nanoseconds: which, follows from the
// time of the event.
func parseEpoch(number string, eventTime time.Time) (time.Time, bool) {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return time.Time{}, false
	}
	for _, unit := range []time.Duration{time.Millisecond, time.Second, time.Microsecond, time.Nanosecond} {
		scaled := value * float64(unit)
		if scaled < 0 || scaled > 1<<62 {
			continue
		}
		// A double has 53 bits, nanoseconds since 1970 have 61.
		t := time.Unix(0, int64(scaled)).Round(time.Microsecond)
		if eventTime.Sub(t).Abs() <= maxClockSkew {
			return t, true
		}
	}
	return time.Time{}, false
}
