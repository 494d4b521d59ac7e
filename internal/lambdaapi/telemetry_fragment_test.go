// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// What the platform makes of a record that is larger than maxBytes: pieces, between events that stay whole.
func TestFragments(t *testing.T) {
	t.Parallel()
	const (
		line     = `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"kept"}`
		envelope = `{"time":"2022-10-12T00:03:51.000Z","type":"function","record":`
	)
	for name, tt := range map[string]struct {
		body string
		want []string // type, and the fragment or the record
	}{
		"head of a string":           {`[` + line + `,` + envelope + `"cut of}]`, []string{`function "kept"`, `function …"cut of`}},
		"head without its framing":   {`[` + envelope + `"cut of`, []string{`function …"cut of`}},
		"head in an escape":          {`[` + envelope + `"cut \u00}]`, []string{`function …"cut \u00`}},
		"head of an object":          {`[` + envelope + `{"a":{"time":"2022-10-12T00:03:51.000Z","level":"INFO"},"b":"c}]`, []string{`function …{"a":{"time":"2022-10-12T00:03:51.000Z","level":"INFO"},"b":"c`}},
		"head that ends with a pair": {`[` + envelope + `{"a":1}]`, []string{`function …{"a":1`}},
		"middle":                     {`[` + envelope + `and so on}]`, []string{`function …and so on`}},
		"end of a string":            {`[` + envelope + `he said \"so\""},` + runtimeDone + `]`, []string{`function …he said \"so\""`, `platform.runtimeDone {"requestId":"459921b5","status":"success"}`}},
		"end of an object":           {`[` + envelope + `"b":2}},` + line + `]`, []string{`function …"b":2}`, `function "kept"`}},
		"end like a whole record":    {`[` + envelope + `"b"}},` + line + `]`, []string{`function …"b"}`, `function "kept"`}},
		"end, and nothing else":      {`[` + envelope + `2}}]`, []string{`function …2}`}},
		"end with a user's envelope": {`[` + envelope + `"},{"time":"noon"}]}},` + line + `]`, []string{`function …"},{"time":"noon"}]}`, `function "kept"`}},
		"end and the next head":      {`[` + envelope + `end"},` + line + `,` + envelope + `"cut}]`, []string{`function …end"`, `function "kept"`, `function …"cut`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events, err := lambdaapi.AppendTelemetry(nil, []byte(tt.body))
			require.NoError(t, err)
			var got []string
			for _, e := range events {
				record := string(e.Record)
				if e.Fragment != nil {
					assert.Nil(t, e.Record)
					assert.Equal(t, time.Date(2022, 10, 12, 0, 3, 51, 0, time.UTC), e.Time)
					record = "…" + string(e.Fragment)
				}
				got = append(got, e.Type+" "+record)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// However a record is cut, its pieces in order are the record.
func FuzzFragments(f *testing.F) {
	f.Add(`"a \"quoted\" text \u00e4\n"`, uint(7), uint(12))
	f.Add(`{"message":"m","list":[{"time":"x"},1.5e3,null]}`, uint(20), uint(33))
	f.Fuzz(func(t *testing.T, record string, first, second uint) {
		if strings.Contains(record, `{"time":"`) || len(record) < 3 || !validValue(record) {
			return // would be taken for the next event; documented as such
		}
		first = 1 + first%uint(len(record)-1)
		second = first + second%(uint(len(record))-first)
		const envelope = `[{"time":"2022-10-12T00:03:51.000Z","type":"function","record":`
		var joined string
		for _, piece := range []string{record[:first], record[first:second], record[second:]} {
			if piece == "" {
				continue
			}
			events, err := lambdaapi.AppendTelemetry(nil, []byte(envelope+piece+`}]`))
			if err != nil || len(events) != 1 || events[0].Fragment == nil {
				return // a piece that is a JSON value by itself cannot be told from a record
			}
			joined += string(events[0].Fragment)
		}
		require.Equal(t, record, joined)
	})
}

func validValue(record string) bool {
	events, err := lambdaapi.AppendTelemetry(nil, []byte(`[{"record":`+record+`}]`))
	return err == nil && len(events) == 1 && string(events[0].Record) == record
}
