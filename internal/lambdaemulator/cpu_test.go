// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCPUShare: who has a tenth of a CPU needs ten times as long for the same work, but not for the first INIT.
func TestCPUShare(t *testing.T) {
	t.Parallel()
	needCPUShare(t)
	const (
		burn    = "100"                  // ms of CPU
		atLeast = 700 * time.Millisecond // which the environment cannot have used before, however fast the machine is
	)
	for name, initType := range map[string]string{"on demand": onDemand, "provisioned concurrency": "provisioned-concurrency"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, map[string]string{"x": both}, func(c *Config) {
				c.CPU, c.MemoryMB, c.Timeout, c.InitializationType = CPUShare, 177, time.Minute, initType
				c.Env["INIT_BURN"] = burn
			})
			inv := e.invoke(`{"burnMs":` + burn + `}`)
			assert.Equal(t, StatusSuccess, inv.Status)
			assert.Greater(t, inv.RuntimeDone.Sub(inv.Start), atLeast)
			if initType != onDemand {
				assert.Greater(t, e.find(KindInitDone)[0].Duration, atLeast)
			}
			e.shutdown()
		})
	}
}

// needCPUShare skips a test where this machine does not permit a CPU share.
func needCPUShare(t *testing.T) {
	t.Helper()
	f, err := newFreezer(FreezeAuto, "NOBODY=has this")
	require.NoError(t, err)
	limiter, err := newCPULimiter(CPUShare, f)
	if err != nil {
		require.NoError(t, f.close())
		t.Skip(err)
	}
	require.NoError(t, limiter.close())
	require.NoError(t, f.close())
}

// TestCgroupOfThisProcess: a cgroup is made beside that of another environment, not in it, while threads of this process,
// its first one among them, are there to start processes.
func TestCgroupOfThisProcess(t *testing.T) {
	t.Parallel()
	needCPUShare(t)
	limiter, err := newCgroup1CPU()
	if err != nil {
		t.Skip(err) // the CPU is limited by cgroup v2, where no thread moves
	}
	const threads = 64 // more than there are besides the first one
	var starting, started sync.WaitGroup
	starting.Add(threads)
	leave := make(chan struct{})
	for range threads {
		started.Go(func() {
			assert.NoError(t, limiter.start(func() error {
				starting.Done()
				<-leave
				return nil
			}))
		})
	}
	starting.Wait()
	beside, err := newCgroup1CPU()
	close(leave)
	started.Wait()
	require.NoError(t, err)
	assert.Equal(t, limiter.own, beside.own)
	require.NoError(t, beside.close())
	require.NoError(t, limiter.close())
}

func TestCPUs(t *testing.T) {
	t.Parallel()
	small := Config{MemoryMB: 128, InitializationType: onDemand}
	assert.InDelta(t, 0.0724, small.cpus(), 0.0001)
	assert.InDelta(t, 2, small.cpusOfInit(phaseInit), 0)
	assert.InDelta(t, 0.0724, small.cpusOfInit(phaseInvoke), 0.0001)
	provisioned := Config{MemoryMB: 1769, InitializationType: "provisioned-concurrency"}
	assert.InDelta(t, 1, provisioned.cpusOfInit(phaseInit), 0)
	assert.InDelta(t, 5.79, Config{MemoryMB: 10240, InitializationType: onDemand}.cpusOfInit(phaseInit), 0.01)
}

func TestCPULimitOfCgroup2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &cgroup2{path: dir}
	if v1, err := newCPULimiter(CPUShare, f); err == nil {
		require.NoError(t, v1.close())
	} else {
		require.ErrorContains(t, err, "or without a CPU share")
	}
	control := filepath.Join(dir, cpuMax)
	require.NoError(t, os.WriteFile(control, []byte("max 100000"), 0o600))
	limiter, err := newCPULimiter(CPUShare, f)
	require.NoError(t, err)
	require.NoError(t, limiter.set(0.1))
	text, err := os.ReadFile(control)
	require.NoError(t, err)
	assert.Equal(t, "2000 20000", string(text))
	assert.Equal(t, time.Millisecond, quota(0.01), "the kernel takes no less")
}
