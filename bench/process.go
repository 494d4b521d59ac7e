// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pid names a process. What it has used is read from proc(5).
type pid int

// descendants lists a process and all that came from it, parents first.
func descendants(root pid) []pid {
	children := map[pid][]pid{}
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range entries {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		if fields := strings.Fields(rest); len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[pid(parent)] = append(children[pid(parent)], pid(id))
		}
	}
	tree := []pid{root}
	for i := 0; i < len(tree); i++ {
		slices.Sort(children[tree[i]])
		tree = append(tree, children[tree[i]]...)
	}
	return tree
}

// cpu is the time that the threads of the process have run so far; it is exact while the process is stopped or frozen.
// Go's threads do not end, so that none is missed.
func (p pid) cpu() (time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		ran, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// resident is the memory of the process that is in RAM now, in bytes.
func (p pid) resident() (int64, error) { return p.kilobytes("smaps_rollup", "Rss:") }

// peak is the most memory of the process that was in RAM at a time, in bytes.
func (p pid) peak() (int64, error) { return p.kilobytes("status", "VmHWM:") }

func (p pid) kilobytes(file, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/%s has no %q", p, file, field)
}

// signal signals the process, which may have ended. Numbers that kill(2) takes for groups, or for every process there
// is, are a bug.
func (p pid) signal(s syscall.Signal) {
	if p <= 1 {
		panic(fmt.Sprintf("signal to process %d", p))
	}
	_ = syscall.Kill(int(p), s)
}

// used is what a process took in its life.
type used struct {
	cpu    time.Duration
	faults int64 // page faults that needed no disk
}

// end ends processes, parents first, and returns what they took together. The caller adopts orphans.
func end(tree []pid) (used, error) {
	var total used
	for _, p := range tree { // one after the other: a parent that lives would wait for its child itself
		p.signal(syscall.SIGKILL)
		var usage syscall.Rusage
		var status syscall.WaitStatus
		for {
			_, err := syscall.Wait4(int(p), &status, 0, &usage)
			if err == syscall.EINTR {
				continue
			}
			if err != nil {
				return used{}, fmt.Errorf("wait for process %d: %w", p, err)
			}
			break
		}
		total.cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		total.faults += usage.Minflt
	}
	return total, nil
}

// adoptOrphans makes this process the parent of the processes whose own parent has ended below it.
func adoptOrphans() error {
	const prSetChildSubreaper = 36 // prctl(2)
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("become the subreaper: %w", errno)
	}
	return nil
}
