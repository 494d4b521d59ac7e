// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"encoding/json"
	"errors"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// runtimeShare is how long the runtime may take to end after SIGTERM, before the extensions get their SHUTDOWN
// event: 300 ms of 2 s (Lambda Developer Guide, "Lambda execution environment lifecycle").
const runtimeShare = 0.15

// Shutdown ends the environment in order, thawed first, when nothing runs any more. The next invocation is a cold start. It does nothing if no
// processes run.
func (f *Function) Shutdown(ctx context.Context, reason lambdaapi.ShutdownReason) error {
	ctx, end, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	f.running.Wait()
	err = f.stop(ctx, reason)
	f.suppressed = false
	f.relay.restart(false)
	return err
}

// stop gives the runtime and the extensions the chance to end by themselves, and kills them at the deadline.
func (f *Function) stop(ctx context.Context, reason lambdaapi.ShutdownReason) error {
	s := f.sandbox
	if s == nil {
		return nil
	}
	if err := f.thaw(); err != nil {
		return errors.Join(err, f.kill())
	}
	start := time.Now()
	deadline := start.Add(f.cfg.ShutdownTimeout)
	f.journal.event(TimelineEvent{Kind: KindShutdownStart, Detail: string(reason)})
	f.update(func() { s.stopping = true })
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, errTimeout)
	defer cancel()

	f.stopRuntime(ctx, s, reason)
	f.update(func() { f.stopExtensions(s, reason, deadline) })
	err := f.await(ctx, s.exited)
	if errors.Is(err, errTimeout) {
		f.killLate(s)
		err = nil
	}
	err = errors.Join(err, f.kill())
	f.journal.event(TimelineEvent{Kind: KindShutdownEnd, Detail: string(reason), Duration: time.Since(start)})
	return err
}

// stopRuntime ends the runtime: with SIGTERM if there is an extension and the environment is merely no longer needed.
func (f *Function) stopRuntime(ctx context.Context, s *sandbox, reason lambdaapi.ShutdownReason) {
	f.mu.Lock()
	runtime, graceful := s.runtime, reason == lambdaapi.Spindown && len(s.extensions) > 0
	f.mu.Unlock()
	if runtime == nil || !runtime.running() {
		return
	}
	if graceful {
		runtime.signal(syscall.SIGTERM)
		share := time.NewTimer(time.Duration(runtimeShare * float64(f.cfg.ShutdownTimeout)))
		defer share.Stop()
		select {
		case <-runtime.exited:
			return
		case <-share.C:
		case <-ctx.Done():
		}
	}
	f.sigkill(runtime)
}

// stopExtensions gives SHUTDOWN to those that subscribed, now or when they next ask for an event, and kills the
// others. Call it with the lock held.
func (f *Function) stopExtensions(s *sandbox, reason lambdaapi.ShutdownReason, deadline time.Time) {
	for _, e := range s.extensions {
		switch {
		case e.process == nil: // internal: it ended with the runtime
		case e.subscribed(lambdaapi.Shutdown):
			e.give(shutdownEvent{EventType: lambdaapi.Shutdown, ShutdownReason: reason, DeadlineMs: deadline.UnixMilli()})
		case e.process.running():
			f.sigkill(e.process)
		}
	}
}

func (f *Function) killLate(s *sandbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range s.processes() {
		if p.running() {
			f.sigkill(p)
		}
	}
}

func (f *Function) sigkill(p *process) {
	f.journal.event(TimelineEvent{Kind: KindSigkill, Name: p.name})
	p.signal(syscall.SIGKILL)
}

// kill ends every process of the environment, at once.
func (f *Function) kill() error {
	s := f.sandbox
	if s == nil {
		return nil
	}
	f.update(func() { s.stopping = true })
	err := killAll(f.freezer)
	for _, p := range s.processes() {
		p.signal(syscall.SIGKILL) // one that was still on its way into the environment
		<-p.exited
		p.closeOutput()
	}
	f.update(func() { f.sandbox = nil })
	return errors.Join(err, f.thaw())
}

type shutdownEvent struct {
	EventType      lambdaapi.EventType      `json:"eventType"`
	ShutdownReason lambdaapi.ShutdownReason `json:"shutdownReason"`
	DeadlineMs     int64                    `json:"deadlineMs"`
}

type invokeEvent struct {
	EventType          lambdaapi.EventType `json:"eventType"`
	DeadlineMs         int64               `json:"deadlineMs"`
	RequestID          string              `json:"requestId"`
	InvokedFunctionARN string              `json:"invokedFunctionArn"`
	Tracing            *tracing            `json:"tracing,omitempty"`
}

// give makes an event the answer to the extension's present, or next, call of event/next.
func (e *extension) give(event any) {
	body, err := json.Marshal(event)
	if err != nil {
		panic("lambdaemulator: encode lifecycle event: " + err.Error()) // plain structs always encode
	}
	e.pending, e.ready = body, false
}
