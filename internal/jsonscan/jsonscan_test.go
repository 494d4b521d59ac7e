// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

// texts are seeds for the fuzzers: valid, nearly valid and cut.
var texts = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `-1.5e+10`, `1E-2`, `true`, `false`, `null`, ` { } `, "\t[\r\n]",
	`{"a":1,"b":[true,{"c":null}],"a":"twice"}`, `[[],[[]],{}]`, `{"\u0061\"":"\\"}`, `["\\\"","\\\\"]`,
	`"\u00e4\ud83d\ude00\ud83d x \ude00 \/\b\f\n\r\t"`, "\"\xff\xe2\x82\"", "\"a\x00b\"", "\"tab\t\"", `"\x"`, `"\u12g4"`, `"\ud83d\u0041"`,
	``, ` `, `{`, `[`, `"`, `"\`, `"\u`, `-`, `01`, `1.`, `1e`, `1e+`, `.5`, `+1`, `tru`, `truex`, `nul`, `NaN`,
	`{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `{]`, `{"a" 1}`, `[1}`, `{"a":1]`, `1 2`, `{}{}`,
	strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[", 100) + strings.Repeat("]", 99),
}

// maxDepth keeps the comparison quick: it looks at every part of every part. encoding/json gives up at 10,000,
// jsonscan never does.
const maxDepth = 200

func FuzzNext(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxDepth {
			return
		}
		valid := json.Valid(text)
		require.Equal(t, valid, jsonscan.Valid(text), "%q", text)
		value, end, err := jsonscan.Next(text, 0)
		if err != nil {
			require.False(t, valid)
			var syntax *jsonscan.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, end, syntax.Offset)
			require.LessOrEqual(t, syntax.Offset, len(text))
			require.Equal(t, end == len(text), errors.Is(err, io.ErrUnexpectedEOF))
			return
		}
		require.True(t, json.Valid(value), "%q", value)
		compare(t, value)
	})
}

// compare walks a valid value and checks each part against encoding/json.
func compare(t *testing.T, value []byte) {
	switch value[0] {
	case '"':
		var want string
		require.NoError(t, json.Unmarshal(value, &want))
		require.Equal(t, want, jsonscan.String(value))
		require.Equal(t, want, string(jsonscan.Bytes(nil, value)))
	case '[':
		var want []json.RawMessage
		require.NoError(t, json.Unmarshal(value, &want))
		var got []json.RawMessage
		for element := range jsonscan.Elements(value) {
			got = append(got, element)
			compare(t, element)
		}
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, string(want[i]), string(got[i]))
		}
	case '{':
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(value, &want))
		got := map[string]json.RawMessage{} // the last of duplicates stays, as in encoding/json
		for key, member := range jsonscan.Members(value) {
			got[string(key)] = member
			compare(t, member)
		}
		require.Len(t, got, len(want))
		for key := range want {
			require.Equal(t, string(want[key]), string(got[key]), "%q", key)
		}
	}
}

func TestNextStopsBehindTheValue(t *testing.T) {
	text := []byte(` {"a":[1,2]} ,null`)
	value, end, err := jsonscan.Next(text, 0)
	require.NoError(t, err)
	assert.Equal(t, `{"a":[1,2]}`, string(value))
	value, end, err = jsonscan.Next(text, end+2)
	require.NoError(t, err)
	assert.Equal(t, `null`, string(value))
	assert.Equal(t, len(text), end)
}

func TestNextSaysWhereItStopped(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":x}`:                  "unexpected character at byte 5",
		`{"a":"cut`:                "unexpected EOF at byte 9",
		`["a" "b"]`:                "unexpected character at byte 5",
		`{"a" "b"}`:                "unexpected character at byte 5",
		"[\"\x01\"]":               "unexpected character at byte 2",
		`[1,tru3]`:                 "unexpected character at byte 6",
		`["\q"]`:                   "unexpected character at byte 3",
		`[1.x]`:                    "unexpected character at byte 3",
		strings.Repeat("[", 1<<20): "unexpected EOF at byte 1048576",
	} {
		_, _, err := jsonscan.Next([]byte(text), 0)
		assert.EqualError(t, err, want)
	}
}

func TestIterationStopsWhenTheCallerDoes(t *testing.T) {
	for range jsonscan.Elements([]byte(`[1,2]`)) {
		break
	}
	for range jsonscan.Members([]byte(`{"a":1,"b":2}`)) {
		break
	}
}

func TestStringIsUTF8(t *testing.T) {
	for quoted, want := range map[string]string{
		"\"a\xffb\"":          "a\uFFFDb",
		"\"\\n\xe2\x82\"":     "\n\uFFFD\uFFFD",
		`"\ud800"`:            "\uFFFD",
		`"\ud83d\ude00"`:      "😀",
		`"C:\\dir\t\u00e4\/"`: "C:\\dir\tä/",
	} {
		assert.Equal(t, want, jsonscan.String([]byte(quoted)))
	}
}
