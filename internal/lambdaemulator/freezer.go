// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// freezer holds the processes of one environment and stops them all between invocations.
type freezer interface {
	// prepare is called before a process is started, added right after.
	prepare(cmd *exec.Cmd)
	added(pid int) error
	// freeze returns once no process runs any more; thaw lets them run on.
	freeze() error
	thaw() error
	// pids lists every process inside.
	pids() []int
	// close gives back what the freezer holds outside this process. Everything inside has been killed by then.
	close() error
}

// newFreezer returns the freezer for mode. marker is the variable that all processes of the environment have.
func newFreezer(mode FreezeMode, marker string) (freezer, error) {
	if mode == FreezeSignals {
		return &signalFreezer{marker: marker}, nil
	}
	cgroup, err := newCgroupFreezer(marker)
	if err == nil {
		return cgroup, nil
	}
	if mode == FreezeAuto {
		return &signalFreezer{marker: marker}, nil
	}
	return nil, fmt.Errorf("freeze with a cgroup: %w: use freeze mode %q", err, FreezeSignals)
}

// freezeTimeout bounds the wait for a freeze and for the end of killed processes: both take milliseconds, except on
// a machine that is starved of CPU.
const freezeTimeout = 5 * time.Second

// pollInterval is how often a state that the kernel does not signal is looked at.
const pollInterval = time.Millisecond

var errSlowKernel = errors.New("the kernel took too long")

// poll waits until done holds.
func poll(done func() bool) error {
	for deadline := time.Now().Add(freezeTimeout); !done(); time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			return errSlowKernel
		}
	}
	return nil
}

// killAll ends every process inside, frozen or not.
func killAll(f freezer) error {
	err := poll(func() bool {
		pids := f.pids()
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
		}
		// A process in a v1 freezer dies only once it is thawed.
		return f.thaw() == nil && len(pids) == 0
	})
	if err != nil {
		return fmt.Errorf("kill processes %v: %w", f.pids(), err)
	}
	return nil
}

// signalFreezer stops processes with SIGSTOP.
type signalFreezer struct{ marker string }

func (f *signalFreezer) prepare(*exec.Cmd) {}
func (f *signalFreezer) added(int) error   { return nil }
func (f *signalFreezer) close() error      { return nil }

func (f *signalFreezer) freeze() error {
	// Until a scan finds nothing that runs: a process may fork while its siblings are stopped.
	return poll(func() bool {
		all := true
		for _, p := range marked(f.marker) {
			if !p.stopped() {
				all = false
				_ = syscall.Kill(p.pid, syscall.SIGSTOP)
			}
		}
		return all
	})
}

func (f *signalFreezer) thaw() error {
	for _, pid := range f.pids() {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	return nil
}

func (f *signalFreezer) pids() []int {
	var pids []int
	for _, p := range marked(f.marker) {
		pids = append(pids, p.pid)
	}
	return pids
}
