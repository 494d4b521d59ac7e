// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestParseXRay(t *testing.T) {
	t.Parallel()
	const root, parent = "6352a70e1e2c502e358361800241fd45", "35465b3a9e2f7c6a"
	for header, want := range map[string]struct {
		trace, span string
		sampled     bool
	}{
		"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1":                 {root, parent, true},
		"Sampled=1; Parent=35465b3a9e2f7c6a; Root=1-6352a70e-1e2c502e358361800241fd45;Lineage=a:1|b": {root, parent, true},
		"Self=1-00000000-1e2c502e358361800241fd45;Root=1-6352a70e-1e2c502e358361800241fd45":          {root, "", false},
		"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=x;Sampled=?":                                {root, "", false},
		"1-6352a70e-1e2c502e358361800241fd45":                                                        {root, "", false},
		"Root=1-6352a70e-1e2c502e35836180;Sampled=1":                                                 {},
		"Root=1-00000000-000000000000000000000000":                                                   {},
		"Parent=35465b3a9e2f7c6a":                                                                    {},
		"":                                                                                           {},
	} {
		c, ok := parseXRay(header)
		assert.Equal(t, want.trace != "", ok, header)
		if ok {
			assert.Equal(t, want.trace, c.traceID.String(), header)
			assert.Equal(t, want.span, c.spanID.String(), header)
			assert.Equal(t, want.sampled, c.sampled, header)
		}
	}
}

// Whatever a line says, the body is the line or what the JSON in it says, and the record is one that can be sent.
func FuzzText(f *testing.F) {
	for _, line := range []string{
		"2026-01-02T03:04:05.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tERROR\tInvoke Error \t{\"errorType\":\"E\",\"stack\":[\"a\"]}",
		"2026-01-02T03:04:05.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tINFO\t{\"message\":\"m\"}",
		"[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File",
		"I, [2026-01-02T03:04:05.123 #8]  INFO -- 79b4f56e-95b1-4643-9700-2807f4e68189: ruby",
		"2026-01-02 03:04:05,678 [main] WARN  com.example.Handler - logback",
		`INFO Lambda runtime invoke{requestId="79b4f56e-95b1-4643-9700-2807f4e68189"}: app: hi`,
		"time=2026-01-02T03:04:05.678Z level=INFO msg=hello requestId=1",
		`2026/01/02 03:04:05 {"errorMessage":"no luck","errorType":"errorString"}`,
		"[trace_id=5f35ae120c0fec141ab77a00bc047aa2 span_id=53995c3f42cd8ad8] dd.trace_id=1 text",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if !utf8.ValidString(line) {
			return // decoding has seen to it
		}
		var c converter
		lr := plog.NewLogRecord()
		c.text(lr, line, time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC))
		require.True(t, line == "" || lr.Body().AsString() != "")
		_, known := severity(lr.SeverityText())
		require.Equal(t, known, lr.SeverityNumber() != 0)
		seen := map[string]bool{}
		for key := range lr.Attributes().All() {
			require.False(t, seen[key] && key == invocationIDKey)
			seen[key] = true
		}
	})
}
