// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned by calls that begin, or are still running, when the Function is closed.
var ErrClosed = errors.New("the emulated function is closed")

// Function is a Lambda function with one execution environment. Its methods may be called from several goroutines;
// invocations run one after the other, except on Managed Instances.
type Function struct {
	cfg       Config
	temp      string
	layer     string
	logStream string
	address   string // host:port of the Lambda APIs
	server    *http.Server
	mount     mount
	freezer   freezer
	cpu       cpuLimiter
	relay     *relay
	journal   *journal
	exits     sync.WaitGroup // goroutines: the API server, one per process
	// running counts the invocations on Managed Instances. It is added to, and waited for, by who has the turn.
	running sync.WaitGroup

	// turn has room for one: who puts something in may start, invoke, shut down. queued counts who wants to.
	turn   chan struct{}
	queued atomic.Int32
	// closing ends every wait.
	closing context.Context
	close   context.CancelFunc

	// What follows belongs to who has the turn.
	frozenAt    time.Time // zero while the environment runs
	suppressed  bool      // the next INIT runs inside an invocation
	invocations int

	mu      sync.Mutex
	sandbox *sandbox      // nil while no processes run
	changed chan struct{} // closed, and replaced, when the sandbox changes
}

// New prepares a function: it validates cfg, unpacks the layer and opens the Lambda APIs on a free port of 127.0.0.1.
// No process is started yet. Close must be called.
func New(cfg Config) (_ *Function, err error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Function, err = filepath.Abs(cfg.Function); err != nil {
		return nil, err
	}
	f := &Function{
		cfg:       cfg,
		logStream: time.Now().UTC().Format("2006/01/02/") + "[" + cfg.FunctionVersion + "]" + randomHex(16),
		journal:   &journal{output: cfg.Output, onEvent: cfg.OnEvent},
		turn:      make(chan struct{}, 1),
		changed:   make(chan struct{}),
	}
	f.closing, f.close = context.WithCancel(context.Background())
	f.relay = newRelay(cfg, func(name, outcome string, took time.Duration) {
		f.journal.event(TimelineEvent{Kind: KindTelemetryPost, Name: name, Detail: outcome, Duration: took})
	})
	if f.temp, err = os.MkdirTemp("", "lambda-emulator-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.layer, err = openLayer(cfg.Layer, f.temp); err != nil {
		return nil, err
	}
	if f.mount, err = newMount(f.closing, cfg.Mount, f.layer, cfg.Function); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the Lambda APIs: %w", err)
	}
	f.address = listener.Addr().String()
	f.server = &http.Server{Handler: f.routes()}
	server := f.server                                // Close clears the field
	f.exits.Go(func() { _ = server.Serve(listener) }) // ends with Close
	if f.freezer, err = newFreezer(cfg.Freeze, runtimeAPIVariable+"="+f.address); err != nil {
		return nil, err
	}
	if f.cpu, err = newCPULimiter(cfg.CPU, f.freezer); err != nil {
		return nil, err
	}
	return f, nil
}

// Close kills all processes, frozen or not, and removes everything that New made. It may be called twice, and while
// an invocation runs, which then returns ErrClosed.
func (f *Function) Close() error {
	f.close()
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.running.Wait()
	var errs []error
	if f.freezer != nil {
		errs = append(errs, f.kill(), f.freezer.close())
		f.freezer = nil
	}
	if f.cpu != nil {
		errs = append(errs, f.cpu.close())
		f.cpu = nil
	}
	f.relay.restart(false)
	if f.server != nil {
		errs = append(errs, f.server.Close())
		f.server = nil
	}
	f.exits.Wait()
	return errors.Join(append(errs, os.RemoveAll(f.temp))...)
}

// begin waits for the turn. The returned context ends with the Function, too; end gives the turn back.
func (f *Function) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	f.queued.Add(1)
	defer f.queued.Add(-1)
	ctx, release := f.scope(ctx)
	if f.closing.Err() != nil {
		release()
		return nil, nil, ErrClosed
	}
	select {
	case f.turn <- struct{}{}:
		return ctx, func() { <-f.turn; release() }, nil
	case <-ctx.Done():
		release()
		return nil, nil, context.Cause(ctx)
	}
}

// scope returns a context that ends with the Function, too.
func (f *Function) scope(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(f.closing, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// update changes the sandbox and wakes everyone who waits for a change.
func (f *Function) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

// await waits until the condition, which is evaluated with the lock held, is true.
func (f *Function) await(ctx context.Context, condition func() bool) error {
	for {
		f.mu.Lock()
		done, changed := condition(), f.changed
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// awaitRun waits until the condition is true; a fault of the sandbox ends the wait with it.
func (f *Function) awaitRun(ctx context.Context, s *sandbox, condition func() bool) error {
	if err := f.await(ctx, func() bool { return s.fault != nil || condition() }); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.fault != nil {
		return s.fault
	}
	return nil
}

// freeze stops the environment, unless somebody waits for the turn, or it is one that is never frozen.
func (f *Function) freeze() error {
	if f.queued.Load() > 0 || f.cfg.managed() {
		return nil
	}
	f.relay.freeze()
	f.frozenAt = time.Now()
	f.journal.event(TimelineEvent{Kind: KindFreeze})
	return f.freezer.freeze()
}

func (f *Function) thaw() error {
	if f.frozenAt.IsZero() {
		return nil
	}
	f.journal.event(TimelineEvent{Kind: KindThaw, Duration: time.Since(f.frozenAt)})
	f.frozenAt = time.Time{}
	err := f.freezer.thaw()
	f.relay.thaw()
	return err
}

// drain makes sure that all that the processes have written up to now is in the telemetry stream.
func (f *Function) drain(s *sandbox) {
	f.mu.Lock()
	list := s.processes()
	f.mu.Unlock()
	for _, p := range list {
		p.drain()
	}
}

func randomHex(bytes int) string {
	data := make([]byte, bytes)
	_, _ = rand.Read(data) // crypto/rand never fails
	return hex.EncodeToString(data)
}

// newID returns a random UUID, version 4.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
