// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A time that is RFC 3339 is that time, and a number is one near the event or none.
func FuzzTimes(f *testing.F) {
	for _, value := range []string{
		"2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05,678+0000", "2026-01-02T03:04:05", "2026-01-02T03:04:05-07:00",
		"2026-02-30T03:04:05Z", "1767323045", "1767323045.678", "1767323045678", "1e300", "-1",
	} {
		f.Add(value)
	}
	event := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		got, ok := parseTime(value)
		// An hour of one digit is none for RFC 3339; the time package takes it.
		if want, err := time.Parse(time.RFC3339, value); err == nil && value[len("2006-01-02T15")] == ':' {
			require.True(t, ok)
			require.True(t, want.Equal(got), "%v %v", want, got)
		}
		if ts, fits := timestamp(got); ok && fits {
			require.True(t, ts.AsTime().Equal(got))
		}
		if at, ok := parseEpoch(value, event); ok {
			require.LessOrEqual(t, event.Sub(at).Abs(), maxClockSkew)
			_, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
		}
	})
}

// An id that is found is one, and is found again in what it is written as.
func FuzzTraceIDs(f *testing.F) {
	for _, value := range []string{
		"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1", "1-6352a70e-1e2c502e358361800241fd45",
		"6352a70e1e2c502e358361800241fd45", "35465b3a9e2f7c6a", "12345678901234567890", "trace_id=6352a70e1e2c502e358361800241fd45 span_id=35465b3a9e2f7c6a",
		"79b4f56e-95b1-4643-9700-2807f4e68189", `requestId="79b4f56e-95b1-4643-9700-2807f4e68189"`,
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if c, ok := parseXRay(value); ok {
			hex := c.traceID.String()
			again, ok := parseXRay("Root=1-" + hex[:8] + "-" + hex[8:] + ";Parent=" + c.spanID.String() + ";Sampled=" + strconv.Itoa(map[bool]int{true: 1}[c.sampled]))
			require.True(t, ok)
			require.Equal(t, c, again)
		}
		id, ok := parseTraceID(value)
		require.Equal(t, ok, !id.IsEmpty())
		if ok {
			again, _ := parseTraceID(id.String())
			require.Equal(t, id, again)
		}
		span, ok := parseSpanID(value)
		require.Equal(t, ok, !span.IsEmpty())
		if ok {
			again, _ := parseSpanID(span.String())
			require.Equal(t, span, again)
		}
		require.LessOrEqual(t, len(quotedID(value)), 36)
		if isUUID(value) {
			require.Equal(t, value, quotedID("requestId="+value))
		}
	})
}
