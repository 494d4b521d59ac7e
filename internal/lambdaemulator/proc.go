// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// procStat is what the emulator needs of /proc/<pid>/stat and status (proc(5)).
type procStat struct {
	pid, parent int
	command     string
	state       byte
}

// running tells whether the process can still do something: a zombie cannot.
func (p procStat) running() bool { return p.state != 'Z' && p.state != 'X' }

// stopped tells whether SIGSTOP has taken effect.
func (p procStat) stopped() bool { return p.state == 'T' }

// processes lists the living processes of this machine. Those that end during the scan are left out.
func processes() []procStat {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var list []procStat
	for _, dir := range dirs {
		if stat, ok := readStat(dir); ok && stat.running() {
			list = append(list, stat)
		}
	}
	return list
}

func readStat(dir string) (procStat, bool) {
	data, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return procStat{}, false
	}
	// "pid (command) state parent …": the command may itself hold spaces and parentheses.
	open, shut := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 1 || shut < open {
		return procStat{}, false
	}
	rest := strings.Fields(string(data[shut+1:]))
	if len(rest) < 2 {
		return procStat{}, false
	}
	stat := procStat{command: string(data[open+1 : shut]), state: rest[0][0]}
	if stat.pid, err = strconv.Atoi(string(data[:open-1])); err != nil {
		return procStat{}, false
	}
	if stat.parent, err = strconv.Atoi(rest[1]); err != nil {
		return procStat{}, false
	}
	return stat, true
}

// descendants returns those of list whose chain of parents leads to one of roots, the roots included.
func descendants(list []procStat, roots ...int) []procStat {
	inside := map[int]bool{}
	for _, root := range roots {
		inside[root] = true
	}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if !inside[p.pid] && inside[p.parent] {
				inside[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p procStat) bool { return !inside[p.pid] })
}

// marked returns the processes that hold the given variable ("NAME=value") in their environment, and their
// descendants. It finds what a dead extension left behind, whatever its process group.
func marked(variable string) []procStat {
	list := processes()
	var roots []int
	for _, p := range list {
		env, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/environ")
		if err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+variable+"\x00")) {
			roots = append(roots, p.pid)
		}
	}
	return descendants(list, roots...)
}

// peakMemory returns the largest resident set that the process has had, in bytes; 0 if it has ended.
func peakMemory(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(data), "VmHWM:")
	if !found {
		return 0
	}
	kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kib << 10
}
