// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// newCgroupFreezer creates a cgroup below this process's own, in the v2 hierarchy if it may, else in the v1 freezer.
func newCgroupFreezer(marker string) (freezer, error) {
	memberships, mounts, err := readCgroups()
	if err != nil {
		return nil, err
	}
	v2, errV2 := makeCgroup(cgroupMount(mounts, "cgroup2", ""), cgroupPath(memberships, ""), "cgroup.freeze")
	if errV2 == nil {
		dir, err := os.Open(v2)
		if err != nil {
			return nil, errors.Join(err, os.Remove(v2))
		}
		return &cgroup2{path: v2, dir: dir}, nil
	}
	v1, errV1 := makeCgroup(cgroupMount(mounts, "cgroup", "freezer"), cgroupPath(memberships, "freezer"), "freezer.state")
	if errV1 == nil {
		return &cgroup1{path: v1, marker: marker}, nil
	}
	return nil, errors.Join(errV2, errV1)
}

// readCgroups reads which cgroups this process is in, and where hierarchies are mounted. It asks for those of this thread:
// the first one, which stands for the process, may be starting a process in the cgroup of another environment.
func readCgroups() (memberships, mounts string, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.ReadFile("/proc/thread-self/cgroup")
	if err != nil {
		return "", "", err
	}
	mounted, err := os.ReadFile("/proc/self/mountinfo")
	return string(own), string(mounted), err
}

// makeCgroup creates a cgroup with a unique name; control is a file that it must have.
func makeCgroup(mount, own, control string) (string, error) {
	if mount == "" {
		return "", fmt.Errorf("no hierarchy with %q is mounted", control)
	}
	dir, err := os.MkdirTemp(filepath.Join(mount, own), "lambda-emulator-")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, control)); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}

// cgroupPath returns this process's cgroup in the hierarchy of a v1 controller, or in v2 ("") (cgroups(7)).
func cgroupPath(memberships, controller string) string {
	for line := range strings.Lines(memberships) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), controller) {
			return fields[2]
		}
	}
	return "/"
}

// cgroupMount returns where a hierarchy is mounted: of the given type, and with the option if there is one (proc(5),
// mountinfo).
func cgroupMount(mounts, fsType, option string) string {
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		fields, fs := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(fs) < 3 || fs[0] != fsType {
			continue
		}
		if option == "" || strings.Contains(","+fs[2]+",", ","+option+",") {
			return fields[4]
		}
	}
	return ""
}

// cgroup2 is a cgroup of the v2 hierarchy: processes are born in it.
type cgroup2 struct {
	path string
	dir  *os.File
}

func (c *cgroup2) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr.UseCgroupFD = true
	cmd.SysProcAttr.CgroupFD = int(c.dir.Fd())
}

func (c *cgroup2) added(int) error { return nil }

func (c *cgroup2) freeze() error {
	if err := writeControl(c.path, "cgroup.freeze", "1"); err != nil {
		return err
	}
	return poll(func() bool {
		events, _ := os.ReadFile(filepath.Join(c.path, "cgroup.events"))
		return strings.Contains(string(events), "frozen 1")
	})
}

func (c *cgroup2) thaw() error { return writeControl(c.path, "cgroup.freeze", "0") }
func (c *cgroup2) pids() []int { return readPIDs(c.path) }

func (c *cgroup2) close() error {
	return errors.Join(c.dir.Close(), removeCgroup(c.path))
}

// cgroup1 is a cgroup of the v1 freezer: processes are moved into it once they run.
type cgroup1 struct{ path, marker string }

func (c *cgroup1) prepare(*exec.Cmd) {}

func (c *cgroup1) added(pid int) error {
	err := writeControl(c.path, "cgroup.procs", strconv.Itoa(pid))
	if errors.Is(err, syscall.ESRCH) {
		return nil // it has ended already, which is for its owner to notice
	}
	return err
}

func (c *cgroup1) freeze() error {
	// What a process forked before it was moved is still outside.
	for _, p := range marked(c.marker) {
		if err := c.added(p.pid); err != nil {
			return err
		}
	}
	if err := writeControl(c.path, "freezer.state", "FROZEN"); err != nil {
		return err
	}
	return poll(func() bool {
		state, _ := os.ReadFile(filepath.Join(c.path, "freezer.state"))
		return strings.TrimSpace(string(state)) == "FROZEN"
	})
}

func (c *cgroup1) thaw() error { return writeControl(c.path, "freezer.state", "THAWED") }

func (c *cgroup1) pids() []int {
	pids := readPIDs(c.path)
	for _, p := range marked(c.marker) {
		pids = append(pids, p.pid)
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

func (c *cgroup1) close() error { return removeCgroup(c.path) }

func writeControl(dir, name, value string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(value), 0)
}

func readPIDs(dir string) []int {
	data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	var pids []int
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// removeCgroup waits for the last zombie to leave: until then the kernel answers EBUSY.
func removeCgroup(dir string) error {
	var err error
	if poll(func() bool { err = os.Remove(dir); return !errors.Is(err, syscall.EBUSY) }) != nil {
		return fmt.Errorf("remove cgroup %q: %w", dir, err)
	}
	return err
}
