// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestParseEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line string
		want event
		err  string
	}{
		{line: `{}`, want: event{payload: []byte(`{}`), times: 1}},
		{line: ` {"a": 1} `, want: event{payload: []byte(`{"a": 1}`), times: 1}},
		{line: `[1]`, want: event{payload: []byte(`[1]`), times: 1}},
		{line: `"x"`, want: event{payload: []byte(`"x"`), times: 1}},
		{line: `null`, want: event{payload: []byte(`null`), times: 1}},
		{line: `{"times":3}`, want: event{payload: []byte(`{"times":3}`), times: 1}},
		{line: `{"invoke":{"idle":"2s"}}`, want: event{payload: []byte(`{"idle":"2s"}`), times: 1}},
		{line: `{"invoke":null,"times":10}`, want: event{payload: []byte(`null`), times: 10}},
		{line: `{"invoke":{},"times":0}`, err: "times 0"},
		{line: `{"invoke":{},"tmies":2}`, err: `"tmies"`},
		{line: `{"idle":"2s"}`, want: event{idle: 2 * time.Second}},
		{line: `{"idle":2}`, err: "duration"},
		{line: `{"idle":"-2s"}`, err: "duration"},
		{line: `{"idle":"2s","a":1}`, err: `write {"invoke":…}`},
		{line: `{"shutdown":"spindown"}`, want: event{shutdown: lambdaapi.Spindown}},
		{line: `{"shutdown":"lunch"}`, err: `"spindown"`},
		{line: `{"backend":"hang"}`, want: event{backend: backendHang}},
		{line: `{"backend":"lunch"}`, err: `"unavailable"`},
		{line: `{"backend":503}`, err: `"unavailable"`},
		{line: `{"backend":"up","a":1}`, err: `write {"invoke":…}`},
		{line: `{"shutdown":{}}`, err: `"spindown"`},
		{line: `{`, err: "not a JSON value"},
		{line: ``, err: "no event"},
	}
	for _, tt := range tests {
		got, err := parseEvents(strings.NewReader("# comment\n\n" + tt.line + "\n"))
		if tt.err != "" {
			require.ErrorContains(t, err, tt.err, tt.line)
			if tt.line != "" {
				require.ErrorContains(t, err, "line 3", tt.line)
			}
			continue
		}
		require.NoError(t, err, tt.line)
		assert.Equal(t, []event{tt.want}, got, tt.line)
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(`{"invoke":{},"times":2}` + "\n" + `{"idle":"1s"}`)
	f.Add(`{"shutdown":"timeout"}`)
	f.Add(`{"backend":"up"}`)
	f.Fuzz(func(t *testing.T, text string) {
		events, err := parseEvents(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, e := range events {
			set := 0
			for _, is := range []bool{e.times > 0 && len(e.payload) > 0, e.idle > 0, e.shutdown != "", e.backend != ""} {
				if is {
					set++
				}
			}
			assert.Equal(t, 1, set, "%+v", e)
		}
	})
}

// The script of the demo must always be one that works.
func TestDemoScript(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("..", "..", "examples", "go-function", "demo.jsonl"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	events, err := parseEvents(file)
	require.NoError(t, err)
	assert.Len(t, events, 6)
}
