// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"strings"
	"time"
)

// crashPatience bounds the wait for the rest of what a process has said that has ended.
const crashPatience = 100 * time.Millisecond

// ownTexts begin the texts of panics of the Go runtime itself, which hold no values but numbers. The first stands before
// most of them.
var ownTexts = []string{
	"runtime error: ", "assignment to entry in nil map", "send on closed channel", "close of closed channel", "close of nil channel",
}

// describeCrash reads what the Go runtime of a collector says when it crashes, and makes one line of it: what happened,
// and where. It is empty for a process that does not crash. The text of a panic is shown only if it is the runtime's
// own: another one may be an error that quotes a secret.
func describeCrash(from io.Reader) string {
	c := crash{}
	lines := bufio.NewReader(from)
	for continued := false; ; {
		line, isPrefix, err := lines.ReadLine()
		if err != nil {
			break
		}
		if !continued {
			c.read(string(line))
		}
		continued = isPrefix
	}
	switch {
	case c.what == "" || c.where == "":
		return c.what
	default:
		return c.what + " at " + c.where
	}
}

// crash is what is known of one. Its stack comes first of all goroutines'.
type crash struct {
	what, where   string
	stacks        int
	afterFunction bool // the next line is the place of a function outside of the runtime
}

func (c *crash) read(line string) {
	switch {
	case c.what == "":
		c.what = crashHeadline(line)
	case strings.HasPrefix(line, "goroutine "):
		c.stacks++
	case c.stacks != 1:
	case strings.HasPrefix(line, "panic("): // one that was recovered and raised again has its origin below
		c.where, c.afterFunction = "", false
	case strings.HasPrefix(line, "\t"):
		place, _, _ := strings.Cut(line[1:], " ")
		if c.afterFunction && c.where == "" && strings.Contains(place, ".go:") {
			c.where = place
		}
	default:
		c.afterFunction = !strings.HasPrefix(line, "runtime.") && !strings.HasPrefix(line, "created by ")
	}
}

// crashHeadline returns what happened if the line is the first one about a crash, else "".
func crashHeadline(line string) string {
	text, isPanic := strings.CutPrefix(line, "panic: ")
	if !isPanic {
		for _, of := range []string{"fatal error: ", "runtime: out of memory", "SIG"} { // SIGQUIT: quit
			if strings.HasPrefix(line, of) {
				return line
			}
		}
		return ""
	}
	for _, own := range ownTexts {
		if strings.HasPrefix(text, own) {
			return line
		}
	}
	return "panic (its text is not shown, because it may hold a secret)"
}
