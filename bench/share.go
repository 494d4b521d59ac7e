// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	// megabytesPerCPU is the memory of a function that has one CPU (Lambda Developer Guide, "Configure Lambda function
	// memory").
	megabytesPerCPU = 1769
	// sharePeriod is how often a limited process gets its time anew: 20 ms on Lambda, as functions that spin have seen.
	sharePeriod = 20 * time.Millisecond
)

// share limits processes to a part of one CPU, as Lambda does by the function's memory.
type share struct {
	dir string
	v2  *os.File // the open directory, of a cgroup of version 2
	// born starts processes, in version 1: a child is born where the thread is that forks it.
	born chan func()
	left chan struct{} // closed when that thread has left the cgroup
}

// newShare makes a cgroup whose processes have that part of a CPU together.
func newShare(part float64) (*share, error) {
	period := sharePeriod.Microseconds()
	quota := strconv.FormatInt(int64(part*float64(period)), 10)
	dir, errV1 := makeCgroup("/sys/fs/cgroup/cpu", map[string]string{
		"cpu.cfs_period_us": strconv.FormatInt(period, 10), "cpu.cfs_quota_us": quota,
	}, "cpu.cfs_period_us", "cpu.cfs_quota_us")
	if errV1 == nil {
		s := &share{dir: dir, born: make(chan func()), left: make(chan struct{})}
		return s, s.enter()
	}
	dir, errV2 := makeCgroup("/sys/fs/cgroup", map[string]string{"cpu.max": quota + " " + strconv.FormatInt(period, 10)}, "cpu.max")
	if errV2 != nil {
		return nil, fmt.Errorf("no CPU quota can be set here, as in cgroups of version 1 (%w) or 2 (%w)", errV1, errV2)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	return &share{dir: dir, v2: f}, nil
}

// enter starts the thread that starts the processes, and leaves again when the share is closed. It moves no more often:
// a move holds up every fork on the machine for milliseconds.
func (s *share) enter() error {
	entered := make(chan error)
	go func() {
		defer close(s.left)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		entered <- s.moveThread(s.dir)
		for start := range s.born {
			start()
		}
		_ = s.moveThread(filepath.Dir(s.dir)) // if it fails, the cgroup cannot be removed either, and close says so
	}()
	return <-entered
}

func (s *share) moveThread(dir string) error {
	return os.WriteFile(filepath.Join(dir, "tasks"), []byte(strconv.Itoa(syscall.Gettid())), 0)
}

// makeCgroup makes a cgroup and sets its controls, in the order given.
func makeCgroup(parent string, controls map[string]string, order ...string) (string, error) {
	dir, err := os.MkdirTemp(parent, "otelcol-lambda-bench-")
	if err != nil {
		return "", err
	}
	for _, name := range order {
		// Without O_CREATE: where the controller is missing, so is its file.
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(controls[name])
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return "", errors.Join(err, os.Remove(dir))
		}
	}
	return dir, nil
}

// start starts a process inside the share; on a nil one, without a limit.
func (s *share) start(path string, attr *os.ProcAttr) (started pid, err error) {
	start := func() {
		var process *os.Process
		if process, err = os.StartProcess(path, []string{path}, attr); err == nil {
			started = pid(process.Pid) // before Release, which makes it -1
			err = process.Release()    // it is waited for with wait4, for what it has used
		}
	}
	switch {
	case s == nil:
		start()
	case s.v2 != nil:
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, int(s.v2.Fd())
		start()
	default:
		done := make(chan struct{})
		s.born <- func() { start(); close(done) }
		<-done
	}
	return started, err
}

// add moves processes into the share.
func (s *share) add(list []pid) error {
	for _, p := range list {
		if err := os.WriteFile(filepath.Join(s.dir, "cgroup.procs"), []byte(strconv.Itoa(int(p))), 0); err != nil {
			return err
		}
	}
	return nil
}

// close removes the cgroup, whose processes have ended.
func (s *share) close() error {
	if s.v2 != nil {
		return errors.Join(s.v2.Close(), os.Remove(s.dir))
	}
	close(s.born)
	<-s.left
	return os.Remove(s.dir)
}
