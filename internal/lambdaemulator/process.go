// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is one program of the environment: the runtime or an extension.
type process struct {
	name   string
	source string // SourceFunction or SourceExtension
	cmd    *exec.Cmd
	stdout *output
	stderr *output
	frames *output // of the runtime only
	// exited is closed when the process has ended and been reaped; cmd.ProcessState is set then.
	exited chan struct{}
}

// start starts a program in the environment, in a process group of its own. onExit is called once, when it has ended.
func (f *Function) start(p *process, program, dir string, env []string, onExit func()) (err error) {
	p.cmd = f.mount.command(program, env)
	p.cmd.Dir = dir
	// Pdeathsig: nothing outlives a test binary that was itself killed.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	f.freezer.prepare(p.cmd)
	var stdout, stderr *os.File
	if p.stdout, stdout, err = newOutput(func(text string) { f.logLine(p, text) }); err != nil {
		return err
	}
	defer func() { _ = stdout.Close() }() // the process has its own
	if p.stderr, stderr, err = newOutput(func(text string) { f.logLine(p, text) }); err != nil {
		p.stdout.close()
		return err
	}
	defer func() { _ = stderr.Close() }() // the process has its own
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	if p.source == SourceFunction {
		var frames *os.File
		if p.frames, frames, err = newFramedOutput(func(text string) { f.logLine(p, text) }); err != nil {
			p.closeOutput()
			return err
		}
		defer func() { _ = frames.Close() }() // the process has its own
		p.cmd.ExtraFiles = []*os.File{frames} // the descriptor telemetryLogFD
	}
	p.exited = make(chan struct{})
	if err := f.cpu.start(p.cmd.Start); err != nil {
		p.closeOutput()
		return fmt.Errorf("start %q: %w", p.name, err)
	}
	f.journal.event(TimelineEvent{Kind: KindProcessStart, Name: p.name})
	addErr := f.freezer.added(p.cmd.Process.Pid)
	f.exits.Go(func() {
		_ = p.cmd.Wait() // the outcome is in cmd.ProcessState
		f.journal.event(TimelineEvent{Kind: KindProcessExit, Name: p.name, Detail: p.cmd.ProcessState.String()})
		close(p.exited)
		onExit()
	})
	return addErr
}

// logLine is called for each line that a process writes.
func (f *Function) logLine(p *process, text string) {
	line := LogLine{Time: time.Now(), Source: p.source, Process: p.name, Text: text}
	f.journal.line(line)
	f.relay.emitLine(line)
}

func (p *process) drain() {
	p.stdout.drain()
	p.stderr.drain()
	if p.frames != nil {
		p.frames.drain()
	}
}

func (p *process) closeOutput() {
	p.stdout.close()
	p.stderr.close()
	if p.frames != nil {
		p.frames.close()
	}
}

// signal reaches the whole process group. It may have ended.
func (p *process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// ExtensionProcess is a process that an extension consists of.
type ExtensionProcess struct {
	PID     int
	Command string // the kernel's short name of the program, at most 15 bytes
	// Extension is the name of the extension; Root tells its own process from those that it started.
	Extension string
	Root      bool
}

// ExtensionProcesses lists the living processes of the extensions, so that a test can end one of them.
func (f *Function) ExtensionProcesses() []ExtensionProcess {
	f.mu.Lock()
	var roots []*process
	if f.sandbox != nil {
		for _, e := range f.sandbox.extensions {
			if e.process != nil {
				roots = append(roots, e.process)
			}
		}
	}
	f.mu.Unlock()
	var list []ExtensionProcess
	living := processes()
	for _, root := range roots {
		for _, p := range descendants(living, root.cmd.Process.Pid) {
			list = append(list, ExtensionProcess{
				PID: p.pid, Command: p.command, Extension: root.name, Root: p.pid == root.cmd.Process.Pid,
			})
		}
	}
	return list
}
