// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// mount is where the processes of an environment see the layer and the deployment package.
type mount struct {
	opt, task string
	// wrapper is the command that gives a process its private mounts; empty with MountSubstitute. The variables and
	// the program follow it.
	wrapper []string
}

// mountScript runs in a mount namespace of its own, so that nothing changes on the host. $1 is the layer, $2 the
// deployment package; the rest is what env(1) starts, with no variable but the given ones. /var/task is missing on
// most machines, and cannot be created without touching the host: then the function runs from its own directory.
const mountScript = `mount -o bind,ro "$1" /opt &&
{ [ ! -d /var/task ] || mount -o bind,ro "$2" /var/task; } &&
shift 2 && exec env -i "$@"`

// probeTimeout bounds the trial of the mount script, which takes milliseconds.
const probeTimeout = 5 * time.Second

func newMount(ctx context.Context, mode MountMode, layer, function string) (mount, error) {
	substitute := mount{opt: layer, task: function}
	if mode == MountSubstitute {
		return substitute, nil
	}
	private, err := privateMount(ctx, layer, function)
	if err == nil {
		return private, nil
	}
	if mode == MountAuto {
		return substitute, nil
	}
	return mount{}, fmt.Errorf("mount the layer at /opt: %w: use mount mode %q", err, MountAuto)
}

func privateMount(ctx context.Context, layer, function string) (mount, error) {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return mount{}, err
	}
	namespaces := "-m"
	if os.Geteuid() != 0 {
		namespaces = "-rm"
	}
	m := mount{
		opt:     "/opt",
		task:    function,
		wrapper: []string{unshare, namespaces, "/bin/sh", "-c", mountScript, "sh", layer, function},
	}
	if info, err := os.Stat("/var/task"); err == nil && info.IsDir() {
		m.task = "/var/task"
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	probe := exec.CommandContext(ctx, unshare, append(m.wrapper[1:len(m.wrapper):len(m.wrapper)], "true")...)
	probe.Env = []string{wrapperPath}
	if out, err := probe.CombinedOutput(); err != nil {
		return mount{}, fmt.Errorf("%w: %s", err, out)
	}
	return m, nil
}

// wrapperPath is where the wrapper finds mount(8) and env(1), whatever PATH the function is given.
const wrapperPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

// command returns the command for a program, which is named as the process will see it.
func (m mount) command(program string, env []string) *exec.Cmd {
	if len(m.wrapper) == 0 {
		cmd := exec.Command(program)
		cmd.Env = env
		return cmd
	}
	args := append(m.wrapper[1:len(m.wrapper):len(m.wrapper)], env...)
	cmd := exec.Command(m.wrapper[0], append(args, program)...)
	cmd.Env = []string{wrapperPath}
	return cmd
}
