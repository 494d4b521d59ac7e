// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// errTimeout ends a wait at the limit of a phase, or at the function's timeout.
var errTimeout = errors.New("timed out")

// Init runs the INIT phase ahead of the first invocation, as with provisioned concurrency, and freezes the
// environment. It does nothing if the environment is up. A *Fault means that INIT failed: the next Invoke tries again.
func (f *Function) Init(ctx context.Context) error {
	ctx, end, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if f.sandbox != nil {
		return nil
	}
	if _, err := f.firstInit(ctx); err != nil {
		return err
	}
	return f.freeze()
}

// firstInit runs the INIT phase of a new environment, within its own limit.
func (f *Function) firstInit(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.InitTimeout, errTimeout)
	defer cancel()
	return f.initialise(ctx, phaseInit)
}

// initialise starts the processes and waits until all are ready. If that fails, nothing of them is left, and the next
// try is a suppressed one.
func (f *Function) initialise(ctx context.Context, phase string) (time.Duration, error) {
	start := time.Now()
	f.journal.event(TimelineEvent{Kind: KindInitStart, Detail: phase})
	f.relay.emit("platform.initStart", initStartRecord{
		InitializationType: f.cfg.InitializationType, Phase: phase,
		FunctionName: f.cfg.FunctionName, FunctionVersion: f.cfg.FunctionVersion,
		InstanceID: f.logStream, InstanceMaxMemory: f.cfg.instanceMaxMemory(),
	})
	s := &sandbox{}
	f.update(func() { f.sandbox = s })
	err := f.cpu.set(f.cfg.cpusOfInit(phase))
	if err == nil {
		err = f.startProcesses(ctx, s, phase)
	}
	err = errors.Join(err, f.cpu.set(f.cfg.cpus()))
	took := time.Since(start)

	var fault *Fault
	done := initDoneRecord{InitializationType: f.cfg.InitializationType, Phase: phase, Status: StatusSuccess}
	switch {
	case err == nil:
	case errors.Is(err, errTimeout):
		done.Status, fault = StatusTimeout, &Fault{Type: sandboxTimeout, Message: "INIT took longer than its limit"}
	case errors.As(err, &fault):
		done.Status, done.ErrorType = StatusError, fault.Type
	default:
		return took, f.abandon(err)
	}
	f.drain(s)
	if !f.runtimeReady(s) {
		f.relay.emit("platform.initRuntimeDone", done)
	}
	done.Metrics = &initMetrics{DurationMs: milliseconds(took)}
	f.relay.emit("platform.initReport", done)
	f.journal.event(TimelineEvent{Kind: KindInitDone, Detail: done.ErrorType, Duration: took})
	if fault == nil {
		f.relay.endReplay()
		f.suppressed = false
		return took, nil
	}
	// Too late for a SHUTDOWN event: an INIT that hangs has nobody who waits for one.
	if done.Status == StatusTimeout {
		err = f.kill()
	} else {
		err = f.stop(ctx, lambdaapi.Failure)
	}
	if err != nil {
		return took, err
	}
	f.suppressed = true
	f.relay.restart(true)
	return took, fault
}

func (f *Function) runtimeReady(s *sandbox) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.runtimeReady
}

// startProcesses starts the extensions, then, once all have registered, the runtime, and waits until all of them ask
// for their first event. Source for the order: the Runtime Interface Emulator, rapid/handlers.go.
func (f *Function) startProcesses(ctx context.Context, s *sandbox, phase string) error {
	names, err := extensionNames(f.layer)
	if err != nil {
		return err
	}
	// All are known before the first one starts: it may register at once.
	f.update(func() { s.external = names })
	for _, name := range names {
		if err := f.startExtension(s, name); err != nil {
			return err
		}
	}
	if err := f.awaitRun(ctx, s, s.allRegistered); err != nil {
		return err
	}
	if err := f.startRuntime(s); err != nil {
		return err
	}
	if err := f.awaitRun(ctx, s, func() bool { return s.runtimeReady }); err != nil {
		return err
	}
	f.drain(s)
	f.relay.emit("platform.initRuntimeDone", initDoneRecord{
		InitializationType: f.cfg.InitializationType, Phase: phase, Status: StatusSuccess,
	})
	if err := f.awaitRun(ctx, s, func() bool { return s.idle("") }); err != nil {
		return err
	}
	var ready []extensionRecord
	f.update(func() {
		s.initialised = true
		for _, e := range s.extensions {
			ready = append(ready, extensionRecord{Name: e.name, State: "Ready", Events: e.events})
		}
	})
	for _, record := range ready {
		f.relay.emit("platform.extension", record)
	}
	return nil
}

func (f *Function) startExtension(s *sandbox, name string) error {
	p := &process{name: name, source: SourceExtension}
	program := filepath.Join(f.mount.opt, "extensions", name)
	e := &extension{name: name, process: p}
	var err error
	f.update(func() {
		// With the lock held: the extension cannot register before the sandbox knows it.
		err = f.start(p, program, "/", environ(f.extensionEnv()), func() {
			f.update(func() { s.fail(extensionCrash, "extension %q: %v", name, p.cmd.ProcessState) })
		})
		if err == nil {
			s.extensions = append(s.extensions, e)
		}
	})
	if err != nil {
		return &Fault{Type: extensionLaunchError, Message: err.Error()}
	}
	return nil
}

func (f *Function) startRuntime(s *sandbox) error {
	p := &process{name: "bootstrap", source: SourceFunction}
	var err error
	f.update(func() {
		err = f.start(p, filepath.Join(f.mount.task, "bootstrap"), f.mount.task, environ(f.functionEnv()), func() {
			f.update(func() { s.fail(runtimeExitError, "Runtime exited with error: %v", p.cmd.ProcessState) })
		})
		if err == nil {
			s.runtime = p
		}
	})
	if err != nil {
		return &Fault{Type: runtimeEntrypoint, Message: err.Error()}
	}
	return nil
}
