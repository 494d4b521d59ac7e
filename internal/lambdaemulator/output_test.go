// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputSplitsLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine)
	for name, test := range map[string]struct {
		writes []string
		want   []string
	}{
		"lines":        {[]string{"a\nb\n"}, []string{"a", "b"}},
		"parts":        {[]string{"a", "b\nc", "d"}, []string{"ab", "cd"}},
		"CRLF":         {[]string{"a\r\nb\r\n"}, []string{"a", "b"}},
		"empty lines":  {[]string{"\n\na\n\n"}, []string{"a"}},
		"too long":     {[]string{long + "yz\n"}, []string{long, "yz"}},
		"nothing":      {nil, nil},
		"just at size": {[]string{long + "\n"}, []string{long}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, whatIsRead(t, newOutput, test.writes))
		})
	}
}

// whatIsRead returns what an output hands over of what a process writes.
func whatIsRead(t *testing.T, open func(func(string)) (*output, *os.File, error), writes []string) []string {
	t.Helper()
	var got []string
	o, w, err := open(func(text string) { got = append(got, text) })
	require.NoError(t, err)
	for _, text := range writes {
		_, err := io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	o.close()
	return got
}

func TestDrainSeesWhatWasWritten(t *testing.T) {
	t.Parallel()
	lines := 0
	o, w, err := newOutput(func(string) { lines++ })
	require.NoError(t, err)
	for i := range 1000 {
		_, err := io.WriteString(w, "line\n")
		require.NoError(t, err)
		o.drain()
		o.mu.Lock()
		require.Equal(t, i+1, lines)
		o.mu.Unlock()
	}
	o.close() // although the writer is still open
	require.NoError(t, w.Close())
}
