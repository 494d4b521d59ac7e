// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const runtimeDone = `{"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"459921b5","status":"success"}}`

func TestDecodeTelemetry(t *testing.T) {
	t.Parallel()
	at := time.Date(2022, 10, 12, 0, 3, 50, 0, time.UTC)
	for name, tt := range map[string]struct {
		body string
		want []lambdaapi.TelemetryEvent
	}{
		"empty":  {` [ ] `, nil},
		"string": {`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"[INFO] Hello"}]`, []lambdaapi.TelemetryEvent{{Time: at, Type: "function", Record: json.RawMessage(`"[INFO] Hello"`)}}},
		"object, number, array, null, absent": {
			`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":{"a":1}} ,
			  {"time":"2022-10-12T00:03:50.000Z","type":"extension","record":-1.5},
			  {"time":"2022-10-12T00:03:50.000Z","type":"function","record":[1]},
			  {"time":"2022-10-12T00:03:50.000Z","type":"function","record":null},
			  {"time":"2022-10-12T00:03:50.000Z","type":"function"}]`,
			[]lambdaapi.TelemetryEvent{
				{Time: at, Type: "function", Record: json.RawMessage(`{"a":1}`)},
				{Time: at, Type: "extension", Record: json.RawMessage(`-1.5`)},
				{Time: at, Type: "function", Record: json.RawMessage(`[1]`)},
				{Time: at, Type: "function", Record: json.RawMessage(`null`)},
				{Time: at, Type: "function"},
			},
		},
		"unknown type and field": {
			`[{"new":{"deep":[]},"record":{},"type":"platform.\u006eovelty","time":"2022-10-12T00:03:50Z"}]`,
			[]lambdaapi.TelemetryEvent{{Time: at, Type: "platform.novelty", Record: json.RawMessage(`{}`)}},
		},
		"bad times": {
			`[{"time":"12:01:23:521Z","type":"function","record":"a"},{"time":1665532800,"type":"function","record":"b"},{"time":"","type":7,"record":"c"}]`,
			[]lambdaapi.TelemetryEvent{
				{Type: "function", Record: json.RawMessage(`"a"`)},
				{Type: "function", Record: json.RawMessage(`"b"`)},
				{Record: json.RawMessage(`"c"`)},
			},
		},
		"invalid UTF-8": {
			"[{\"type\":\"function\",\"record\":\"a\xff\"}]",
			[]lambdaapi.TelemetryEvent{{Type: "function", Record: json.RawMessage("\"a\xff\"")}},
		},
		"deeper than encoding/json goes": {
			`[{"type":"function","record":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}]`,
			[]lambdaapi.TelemetryEvent{{Type: "function", Record: json.RawMessage(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000))}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := lambdaapi.AppendTelemetry(nil, []byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// Times of one batch, which repeat themselves but for the end, and are read one from the other.
func TestDecodeTelemetryTimes(t *testing.T) {
	t.Parallel()
	times := []string{
		"2022-10-12T00:03:50.000Z", "2022-10-12T00:03:50.007Z", "2022-10-12T00:03:50.999Z", "2022-10-12T00:03:51.000Z",
		"2022-10-12T00:03:50.9Z", "2022-10-12T00:03:50Z", "2022-10-12T00:03:50.123456789Z", "2022-10-12T00:03:50.12aZ",
		"2022-10-12T00:03:50.123z", "2022-10-12T00:03:50,123Z", "2022-10-12T02:03:50.123+02:00", "2022-13-12T00:03:50.123Z",
		"2022-13-12T00:03:50.124Z", "2022-10-12T00:03:60.000Z", "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.001Z",
		"2022-10-12T00:03:51.500Z", "",
	}
	var body strings.Builder
	for _, at := range times {
		fmt.Fprintf(&body, `{"time":%q,"type":"function","record":"a"},`, at)
	}
	events, err := lambdaapi.AppendTelemetry(nil, []byte("["+strings.TrimSuffix(body.String(), ",")+"]"))
	require.NoError(t, err)
	require.Len(t, events, len(times))
	for i, at := range times {
		want, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			want = time.Time{}
		}
		assert.Equal(t, want, events[i].Time, "%q", at)
	}
}

// Events that are unlike those before them do not take memory that the body does not account for.
func TestDecodeTelemetryTakesMemoryOfTheBodysSize(t *testing.T) {
	t.Parallel()
	body := []byte("[" + strings.Repeat("{},", 16) + `{"type":"function","record":"` + strings.Repeat("x", 1<<20) + `"}]`)
	events, err := lambdaapi.AppendTelemetry(nil, body)
	require.NoError(t, err)
	assert.Len(t, events, 17)
	assert.Less(t, cap(events), len(body)/50)
}

// A batch that is not valid JSON costs only the events that are not.
func TestDecodeTelemetryOfABrokenBatch(t *testing.T) {
	t.Parallel()
	const line = `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"kept"}`
	for name, tt := range map[string]struct {
		body string
		want string // the types that are left
		err  string
	}{
		"nothing":                     {``, ``, "not a JSON array"},
		"not an array":                {`"text"`, ``, "not a JSON array"},
		"one event without its array": {line, `function`, "not a JSON array"},
		"cut between events":          {`[` + line + `,`, `function`, "unexpected EOF"},
		"cut behind an event":         {`[` + line, `function`, "unexpected EOF"},

		"element that is no object": {`[` + line + `,7,null,` + line + `]`, `function function`, "not an object before byte 72"},
		"trailing data":             {`[` + line + `]]`, `function`, "trailing data at byte 71"},
		"trailing comma":            {`[` + line + `,]`, `function`, "unexpected character"},
		"no comma":                  {`[` + line + line + `]`, `function function`, "no comma between events at byte 70"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := lambdaapi.AppendTelemetry(nil, []byte(tt.body))
			require.ErrorContains(t, err, "decode telemetry batch: "+tt.err)
			types := make([]string, len(got))
			for i := range got {
				types[i] = got[i].Type
			}
			assert.Equal(t, tt.want, strings.Join(types, " "))
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for record, want := range map[string]string{
		`"plain"`:             "plain",
		`"tab\tline\n\u00e4"`: "tab\tline\nä",
		"\"a\xff\"":           "a\uFFFD",
		`""`:                  "",
	} {
		text, ok := lambdaapi.TelemetryEvent{Record: json.RawMessage(record)}.Text()
		assert.True(t, ok)
		assert.Equal(t, want, text)
	}
	for _, record := range []string{"", "{}", "null", "1"} {
		_, ok := lambdaapi.TelemetryEvent{Record: json.RawMessage(record)}.Text()
		assert.False(t, ok, record)
	}
}

func FuzzDecodeTelemetry(f *testing.F) {
	f.Add([]byte(`[]`))
	f.Add([]byte(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"a\nb"},{"type":"extension","record":{"message":[1,null]}}]`))
	f.Add([]byte(`[{"time":"12:01:23:521Z","type":"function","record":"cut,` + runtimeDone + `,7]`))
	f.Add([]byte(`[{"\u0074ime":"2022-10-12T00:03:50+02:00","Type":"function","type":"x","type":"y"},null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := lambdaapi.AppendTelemetry(nil, body)
		var want []map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil {
			for _, e := range got {
				require.True(t, e.Record == nil || json.Valid(e.Record), "%q", e.Record)
			}
			if json.Valid(body) {
				require.Error(t, err) // an element that is no object
			}
			return
		}
		objects := want[:0]
		for _, event := range want {
			if event != nil { // a null
				objects = append(objects, event)
			}
		}
		require.Equal(t, want != nil && len(objects) == len(want), err == nil)
		require.Len(t, got, len(objects))
		for i, event := range objects {
			var kind string
			if json.Unmarshal(event["type"], &kind) != nil {
				kind = ""
			}
			require.Equal(t, kind, got[i].Type)
			require.Equal(t, string(event["record"]), string(got[i].Record))
			var at time.Time
			if json.Unmarshal(event["time"], &at) != nil {
				at = time.Time{}
			}
			require.Truef(t, at.Equal(got[i].Time) || got[i].Time.IsZero() || at.IsZero(), "%v %v", at, got[i].Time)
		}
	})
}
