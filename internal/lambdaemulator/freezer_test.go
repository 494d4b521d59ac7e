// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFreeze(t *testing.T) {
	t.Parallel()
	for _, mode := range []FreezeMode{FreezeAuto, FreezeCgroup, FreezeSignals} {
		t.Run("mode "+string(mode), func(t *testing.T) {
			t.Parallel()
			needFreezer(t, mode)
			e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"child":true}`}, func(c *Config) {
				c.Freeze = mode
				c.Env["COUNTER"] = filepath.Join(c.Env["OUT"], "counter")
			})
			count := func() int64 {
				info, err := os.Stat(filepath.Join(e.out, "counter"))
				require.NoError(t, err)
				return info.Size()
			}
			e.invoke(`{"sleepMs":30}`)
			frozen := count()
			assert.Positive(t, frozen)
			time.Sleep(100 * time.Millisecond) // nothing can be waited for: nothing happens
			assert.Equal(t, frozen, count(), "the function ran on")
			e.invoke(`{"sleepMs":30}`)
			assert.Greater(t, count(), frozen, "the function runs again")

			child := childPID(t, e)
			require.NoError(t, e.Close(), "kills frozen processes")
			stat, found := readStat("/proc/" + strconv.Itoa(child))
			assert.False(t, found && stat.running(), "a process of another group is killed, too")
		})
	}
}

// needFreezer skips a test where this machine does not permit the mode.
func needFreezer(t *testing.T, mode FreezeMode) {
	t.Helper()
	f, err := newFreezer(mode, "NOBODY=has this")
	if err != nil {
		t.Skip(err)
	}
	require.NoError(t, f.close())
}

func childPID(t *testing.T, e environment) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimPrefix(e.lines("x", "child")[0].Text, "child "))
	require.NoError(t, err)
	return pid
}

func TestCgroup1(t *testing.T) {
	t.Parallel()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	path, err := makeCgroup(cgroupMount(string(mounts), "cgroup", "freezer"), "/", "freezer.state")
	if err != nil {
		t.Skip(err)
	}
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"child":true}`}, nil)
	require.NoError(t, e.freezer.close())
	e.freezer = &cgroup1{path: path, marker: runtimeAPIVariable + "=" + e.address}
	e.invoke(`{}`)
	state, err := os.ReadFile(filepath.Join(path, "freezer.state"))
	require.NoError(t, err)
	assert.Equal(t, "FROZEN\n", string(state))
	assert.Contains(t, e.freezer.pids(), childPID(t, e))
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
	require.NoError(t, e.Close())
	assert.NoDirExists(t, path)
}

func TestExtensionProcesses(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"child":true}`}, nil)
	assert.Empty(t, e.ExtensionProcesses())
	e.invoke(`{}`)
	list := e.ExtensionProcesses()
	require.Len(t, list, 2)
	for _, p := range list {
		assert.Equal(t, "x", p.Extension)
		assert.Equal(t, p.PID != childPID(t, e), p.Root)
	}
}

func TestWaitingInvocationPreventsFreeze(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, nil)
	require.NoError(t, e.Init(t.Context()))
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := e.Invoke(t.Context(), []byte(`{"sleepMs":200}`))
			done <- err
		}()
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	assert.Len(t, e.find(KindFreeze), 2, "after INIT and at the end")
}

func TestCgroupMount(t *testing.T) {
	t.Parallel()
	const mounts = `25 20 0:22 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer
26 20 0:23 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
broken line
`
	assert.Equal(t, "/sys/fs/cgroup/freezer", cgroupMount(mounts, "cgroup", "freezer"))
	assert.Equal(t, "/sys/fs/cgroup/unified", cgroupMount(mounts, "cgroup2", ""))
	assert.Empty(t, cgroupMount(mounts, "cgroup", "cpu"))
	const memberships = "6:freezer:/a:b\n0::/user.slice\n"
	assert.Equal(t, "/a:b", cgroupPath(memberships, "freezer"))
	assert.Equal(t, "/user.slice", cgroupPath(memberships, ""))
	assert.Equal(t, "/", cgroupPath(memberships, "cpu"))
}

func TestReadStat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, want := range map[string]procStat{
		"12 (a) b) S 7 1 1": {pid: 12, parent: 7, command: "a) b", state: 'S'},
		"12 (a) S":          {},
		"x (a) S 7":         {},
		"":                  {},
		"(":                 {},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "stat"), []byte(text), 0o600))
		got, ok := readStat(dir)
		assert.Equal(t, want.pid != 0, ok, "%q", text)
		assert.Equal(t, want, got, fmt.Sprintf("%q", text))
	}
}
