// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"syscall"
	"time"
)

// timerSlack is how much later than asked for the kernel may wake the collector's threads: Go's monitor thread (sysmon)
// asks for 20 µs whenever the program gets to work, some fifty times in a row, and each of these wakes costs 35 µs of
// CPU in a Firecracker VM. With 1 ms instead of the kernel's 50 µs a start takes a tenth less CPU. Timers come up to 1 ms
// later for it; the shortest of the collector's are tens of milliseconds.
const timerSlack = time.Millisecond

// withTimerSlack calls start, and has the process that it starts inherit timerSlack: PR_SET_TIMERSLACK(2const). A kernel
// that refuses makes the process no worse.
func withTimerSlack(start func()) {
	runtime.LockOSThread() // it is the thread's, and Go then keeps another one to make threads from
	defer runtime.UnlockOSThread()
	setTimerSlack(timerSlack)
	defer setTimerSlack(0) // back to what it was
	start()
}

func setTimerSlack(slack time.Duration) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, uintptr(slack.Nanoseconds()), 0)
}
