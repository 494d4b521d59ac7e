// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
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

// setTime sets the time that the record itself gives, in RFC 3339, and reports whether it could. A time without a
// fraction (Python logs whole seconds) that is within a second of the event's says less than the event's: that stays.
func setTime(lr plog.LogRecord, value string, eventTime time.Time) bool {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return false
	}
	ts, ok := timestamp(t)
	if ok && (t.Nanosecond() != 0 || eventTime.Sub(t).Abs() > time.Second) {
		lr.SetTimestamp(ts)
	}
	return ok
}
