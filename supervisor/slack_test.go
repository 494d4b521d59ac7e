// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// slackOf is what the kernel says of a process: /proc/pid/timerslack_ns, proc_pid_timerslack_ns(5).
func slackOf(t *testing.T, said []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(said))
}

// TestTimerSlack: the process that is started has it, and the supervisor has its own again.
func TestTimerSlack(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("/proc/self/timerslack_ns")
	before := slackOf(t, own, err)
	withTimerSlack(func() {
		said, err := exec.Command("cat", "/proc/self/timerslack_ns").Output()
		if got, want := slackOf(t, said, err), strconv.FormatInt(timerSlack.Nanoseconds(), 10); got != want {
			t.Errorf("the process has a timer slack of %s ns, want %s", got, want)
		}
	})
	said, err := exec.Command("cat", "/proc/self/timerslack_ns").Output()
	if got := slackOf(t, said, err); got != before {
		t.Errorf("processes that are started later have a timer slack of %s ns, want %s", got, before)
	}
}
