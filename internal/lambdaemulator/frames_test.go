// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputSplitsFrames(t *testing.T) {
	t.Parallel()
	const stamp = "\x00\x05\xeb\x1f\x5c\x2a\x00\x00"
	for name, test := range map[string]struct {
		writes []string
		want   []string
	}{
		"one":           {[]string{"\xa5\x5a\x00\x03\x00\x00\x00\x02" + stamp + "ab"}, []string{"ab"}},
		"several lines": {[]string{"\xa5\x5a\x00\x0f\x00\x00\x00\x04" + stamp + "a\nb\n"}, []string{"a\nb\n"}},
		"two at once": {
			[]string{"\xa5\x5a\x00\x02\x00\x00\x00\x02" + stamp + "{}\xa5\x5a\x00\x16\x00\x00\x00\x01" + stamp + "c"},
			[]string{"{}", "c"},
		},
		"in parts":    {[]string{"\xa5\x5a\x00", "\x03\x00\x00\x00\x02" + stamp + "a", "b"}, []string{"ab"}},
		"empty":       {[]string{"\xa5\x5a\x00\x03\x00\x00\x00\x00" + stamp}, nil},
		"not a frame": {[]string{"what a runtime prints"}, []string{"what a runtime prints"}},
		"cut off":     {[]string{"\xa5\x5a\x00\x03\x00\x00\xff\xff" + stamp + "ab"}, []string{"\xa5\x5a\x00\x03\x00\x00\xff\xff" + stamp + "ab"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, whatIsRead(t, newFramedOutput, test.writes))
		})
	}
}

// FuzzFrames: whatever is written, nothing is handed over that was not, and what is no frame is not left out.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\xa5\x5a\x00\x03\x00\x00\x00\x02abcdefghab"))
	f.Add([]byte("not a frame, but long enough"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var messages string
		o := &output{line: func(text string) { messages += text }}
		o.splitFrames(data)
		o.end()
		assert.LessOrEqual(t, len(messages), len(data))
		if len(data) >= 2 && string(data[:2]) != "\xa5\x5a" {
			assert.Equal(t, strings.TrimSuffix(string(data), "\r"), strings.TrimSuffix(messages, "\r"))
		}
	})
}

// TestRuntimeHasFrames: the runtime gets the descriptor, and what it writes there is a line of the function.
func TestRuntimeHasFrames(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":500}`}, nil)
	e.invoke(`{"frame":"two\nlines"}`)
	e.shutdown()
	require.Len(t, e.lines("bootstrap", "two\nlines"), 1)
	assert.Contains(t, stream(e.telemetry()), `function "two\nlines"`)
}
