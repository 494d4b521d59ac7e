// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

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

// CPUMode says how much CPU the environment gets.
type CPUMode string

const (
	// CPUUnlimited leaves this machine's CPUs to the environment. It is the default.
	CPUUnlimited CPUMode = ""
	// CPUShare gives the environment the CPU that Lambda gives to a function of its memory, with a cgroup (v2 where it
	// has the cpu controller, else v1).
	CPUShare CPUMode = "share"
)

const (
	// mbPerCPU is the memory at which a function has one vCPU; its share is proportional ("Configure Lambda function
	// memory" in the Developer Guide).
	mbPerCPU = 1769
	// initCPUs is what the INIT phase of an on-demand environment has, whatever the memory: not documented, and seen by
	// many. A second INIT, inside an invocation, has the function's share only, and so has, to be on the safe side,
	// that of provisioned concurrency and SnapStart.
	initCPUs = 2
	// cpuPeriod is how often the share is given anew: that of Lambda, as functions see it.
	cpuPeriod = 20 * time.Millisecond
)

// cpus returns the share of a function that is initialised, in CPUs.
func (c Config) cpus() float64 { return float64(c.MemoryMB) / mbPerCPU }

// cpusOfInit returns the share of a phase of INIT.
func (c Config) cpusOfInit(phase string) float64 {
	if phase == phaseInit && c.InitializationType == onDemand {
		return max(initCPUs, c.cpus())
	}
	return c.cpus()
}

// cpuLimiter gives all processes of an environment together a share of the CPU.
type cpuLimiter interface {
	// start calls what starts a process, which is then born with the limit.
	start(process func() error) error
	set(cpus float64) error
	// close gives back what the limiter holds outside this process, once everything inside has ended.
	close() error
}

// newCPULimiter returns the limiter for mode, which may make use of what the freezer has.
func newCPULimiter(mode CPUMode, f freezer) (cpuLimiter, error) {
	if mode == CPUUnlimited {
		return noLimit{}, nil
	}
	if v2, ok := f.(*cgroup2); ok {
		if _, err := os.Stat(filepath.Join(v2.path, cpuMax)); err == nil {
			return cgroup2CPU{v2.path}, nil
		}
	}
	v1, err := newCgroup1CPU()
	if err != nil {
		return nil, fmt.Errorf("limit the CPU: neither the cgroup of the environment has %q nor is there a cgroup v1 to use (%w): "+
			"run as root where the cpu controller is, or without a CPU share", cpuMax, err)
	}
	return v1, nil
}

type noLimit struct{}

func (noLimit) start(process func() error) error { return process() }
func (noLimit) set(float64) error                { return nil }
func (noLimit) close() error                     { return nil }

const cpuMax = "cpu.max"

// cgroup2CPU limits the cgroup of the freezer, where processes are born.
type cgroup2CPU struct{ path string }

func (c cgroup2CPU) start(process func() error) error { return process() }
func (c cgroup2CPU) close() error                     { return nil }

func (c cgroup2CPU) set(cpus float64) error {
	return writeControl(c.path, cpuMax, fmt.Sprint(quota(cpus).Microseconds(), " ", cpuPeriod.Microseconds()))
}

// cgroup1CPU is a cgroup of the v1 cpu controller beside that of the freezer.
type cgroup1CPU struct {
	path, own string // own is the cgroup of this process
}

func newCgroup1CPU() (*cgroup1CPU, error) {
	memberships, mounts, err := readCgroups()
	if err != nil {
		return nil, err
	}
	mount, own := cgroupMount(mounts, "cgroup", "cpu"), cgroupPath(memberships, "cpu")
	path, err := makeCgroup(mount, own, "cpu.cfs_quota_us")
	if err != nil {
		return nil, err
	}
	return &cgroup1CPU{path: path, own: filepath.Join(mount, own)}, nil
}

// start goes into the cgroup with the thread that starts the process: a process that was moved once it runs might have
// left its own children behind.
func (c *cgroup1CPU) start(process func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := strconv.Itoa(syscall.Gettid())
	if err := writeControl(c.path, "tasks", thread); err != nil {
		return fmt.Errorf("limit the CPU: %w", err)
	}
	err := process()
	return errors.Join(err, writeControl(c.own, "tasks", thread))
}

func (c *cgroup1CPU) set(cpus float64) error {
	return errors.Join(
		writeControl(c.path, "cpu.cfs_period_us", strconv.FormatInt(cpuPeriod.Microseconds(), 10)),
		writeControl(c.path, "cpu.cfs_quota_us", strconv.FormatInt(quota(cpus).Microseconds(), 10)))
}

func (c *cgroup1CPU) close() error { return removeCgroup(c.path) }

// quota is the CPU time of each period, at least what the kernel takes (1 ms).
func quota(cpus float64) time.Duration {
	return max(time.Duration(cpus*float64(cpuPeriod)), time.Millisecond)
}
