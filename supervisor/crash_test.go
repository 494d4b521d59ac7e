// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crashVar makes this test binary a program that crashes in the way that it names.
const crashVar = "TEST_CRASH"

const hidden = "hidden-7d21"

func crashNow(how string) {
	none := map[string]int(nil)
	if how == "" {
		none = map[string]int{}
	}
	switch how {
	case "nil":
		none["a"] = 1
	case "index":
		_ = []int{}[len(os.Args)+1000]
	case "error":
		panic(errors.New("parse https://user:" + hidden + "@backend: invalid port"))
	case "text":
		panic("runtime: " + hidden + "\ngoroutine 1 [running]:\n" + hidden)
	case "repeated":
		defer func() { panic(recover()) }()
		panic(hidden)
	case "goroutine":
		done := make(chan bool)
		go func() { none["a"] = 1; close(done) }()
		<-done
	case "quiet":
		_, _ = os.Stderr.WriteString("it says " + hidden + "\n")
		os.Exit(3)
	case "long":
		panic(strings.Repeat("x", 1<<20))
	}
}

// TestDescribeCrash: what a Go program says when it crashes becomes one line, which has no values in it.
func TestDescribeCrash(t *testing.T) {
	t.Parallel()
	const silent = "panic (its text is not shown, because it may hold a secret)"
	for how, want := range map[string]string{
		"nil":       "panic: assignment to entry in nil map",
		"index":     "panic: runtime error: index out of range [",
		"error":     silent,
		"text":      silent,
		"repeated":  silent,
		"goroutine": "panic: assignment to entry in nil map",
		"quiet":     "",
		"long":      silent,
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), crashVar+"="+how)
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line := describeCrash(stderr)
		require.Error(t, cmd.Wait())
		assert.NotContains(t, line, hidden, how)
		assert.NotContains(t, line, "\n", how)
		if want == "" {
			assert.Empty(t, line)
			continue
		}
		assert.Contains(t, line, want, how)
		if how != "long" {
			assert.Regexp(t, `supervisor/crash_test\.go:\d+$`, line, how)
		}
	}
}

func FuzzDescribeCrash(f *testing.F) {
	f.Add("panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/a/b.go:12 +0x1\n")
	f.Add("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n")
	f.Add("SIGQUIT: quit\nPC=0x1\n\ngoroutine 0 gp=0x1 m=0 mp=0x1 [idle]:\nruntime.futex()\n\t/go/runtime/sys.s:1 +0x2\n")
	f.Fuzz(func(t *testing.T, text string) {
		line := describeCrash(strings.NewReader(text))
		if strings.Contains(line, "\n") {
			t.Errorf("%q", line)
		}
	})
}
