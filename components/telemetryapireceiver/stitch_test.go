// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// piece is the body of a POST with a part of a record, which another event may follow.
func piece(at, part, follows string) string {
	body := `[{"time":"2026-01-02T03:04:` + at + `.000Z","type":"function","record":` + part + `}`
	if follows != "" {
		body += "," + follows
	}
	return body + "]"
}

func TestStitch(t *testing.T) {
	t.Parallel()
	const (
		done = `{"time":"2026-01-02T03:04:06.000Z","type":"platform.runtimeDone","record":{"requestId":"a"}}`
		line = `{"time":"2026-01-02T03:04:06.000Z","type":"function","record":"line"}`
	)
	for name, tt := range map[string]struct {
		posts []string
		pause time.Duration
		want  []string
	}{
		"two pieces":              {[]string{piece("05", `{"message":"be`, ""), piece("05", `gin"}`, done)}, 0, []string{`{"message":"begin"}`, `{"requestId":"a"}`}},
		"three pieces":            {[]string{piece("05", `"a\`, ""), piece("05", `n`, ""), piece("05", `b"`, line)}, 0, []string{`"a\nb"`, `"line"`}},
		"all digits":              {[]string{piece("05", `"12`, ""), piece("05", `34`, ""), piece("05", `56"`, done)}, 0, []string{`"123456"`, `{"requestId":"a"}`}},
		"no end":                  {[]string{piece("05", `"begin\u00`, ""), "[" + done + "]"}, 0, []string{`"begin"`, `{"requestId":"a"}`}},
		"no beginning":            {[]string{piece("05", `end \"x\""`, done)}, 0, []string{`"end \\\"x\\\"\""`, `{"requestId":"a"}`}},
		"end of another":          {[]string{piece("05", `"begin`, ""), piece("06", `end"`, done)}, 0, []string{`"begin"`, `"end\""`, `{"requestId":"a"}`}},
		"end too late":            {[]string{piece("05", `{"a":"begin`, ""), piece("05", `end"}`, done)}, 2 * time.Second, []string{`"{\"a\":\"begin"`, `"end\"}"`, `{"requestId":"a"}`}},
		"end after another batch": {[]string{piece("05", `"begin `, ""), "[" + line + "]", piece("05", `end"`, "")}, 0, []string{`"line"`, `"begin end"`}},
		"too long":                {[]string{piece("05", `"`+strings.Repeat("x", maxStitched-1), ""), piece("05", `end"`, done)}, 0, []string{`"` + strings.Repeat("x", maxStitched-1) + `"`, `"end\""`, `{"requestId":"a"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s stitcher
			now := observed
			var got []string
			for _, body := range tt.posts {
				events, err := lambdaapi.AppendTelemetry(nil, []byte(body))
				require.NoError(t, err)
				for _, e := range s.stitch(events, now) {
					got = append(got, string(e.Record))
				}
				spoil(events)
				now = now.Add(tt.pause)
			}
			assert.Equal(t, tt.want, got)
			assert.Nil(t, s.pieces.Fragment)
		})
	}
}

// Whatever comes, every record is JSON, and no more is held than is allowed.
func FuzzStitch(f *testing.F) {
	f.Add(piece("05", `"a\`, ""), piece("05", `nb"`, ""))
	f.Add(piece("05", `{"a":`, ""), piece("06", `1}`, ""))
	f.Add(`[{"time":"","type":"","record":"`, `[]`)
	f.Fuzz(func(t *testing.T, first, second string) {
		var s stitcher
		for _, body := range []string{first, second} {
			events, _ := lambdaapi.AppendTelemetry(nil, []byte(body))
			for _, e := range s.stitch(events, observed) {
				require.True(t, e.Record == nil || jsonscan.Valid(e.Record))
				require.Nil(t, e.Fragment)
			}
			require.LessOrEqual(t, len(s.pieces.Fragment), maxStitched)
		}
	})
}
