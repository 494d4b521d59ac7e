// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

var (
	_ extension.Extension                   = (*lifecycle)(nil)
	_ extensioncapabilities.PipelineWatcher = (*lifecycle)(nil)
)

// lifecycle is the extension. What other components use of it are the methods RegisterFlusher, RegisterOpener,
// RequestFlush, SubscribeTelemetry, BufferTelemetry, SubscribeShutdown, SubscribeOverrun, Instance and Registration,
// found through component.Host.
type lifecycle struct {
	cfg            *Config
	initialization string // type of, as Lambda names it
	logger         *zap.Logger

	policyLock sync.Mutex
	policy     *flushpolicy.Policy
	requests   chan struct{} // has room for one
	pressed    atomic.Bool   // much waits

	flushers    registry[func(context.Context) error]
	openers     registry[func(context.Context) error]
	subscribers registry[subscriber]
	buffering   registry[lambdaapi.Buffering]
	atShutdown  registry[func(ctx context.Context, reason lambdaapi.ShutdownReason, unfinished string)]
	meeting
	hearing     hearing
	initialized milestones // of the environment: types of events
	invoked     milestones
	runtimeDone milestones
	reported    milestones
	billing     billing

	host         component.Host
	link         *control.Link // nil when not supervised
	registration lambdaapi.Registration
	intake       *intake
	server       *http.Server // nil when not supervised

	cancel context.CancelFunc // ends the goroutines; nil until Ready
	wg     sync.WaitGroup
}

// subscriber is a component that consumes telemetry events.
type subscriber struct {
	types   []string
	consume func(context.Context, []lambdaapi.TelemetryEvent)
}

func newLifecycle(cfg *Config, initialization string, logger *zap.Logger) *lifecycle {
	l := &lifecycle{
		cfg:            cfg,
		initialization: initialization,
		logger:         logger,
		policy:         flushpolicy.New(cfg.policy()),
		requests:       make(chan struct{}, 1),
	}
	l.intake = newIntake(l.consumeTelemetry, l.noteMilestones, l.rejectTelemetry)
	return l
}

// linkKey is the context key of the link to the supervisor.
type linkKey struct{}

// WithLink returns a context that makes the extension, when it is started with it, follow the lifecycle of a Lambda
// environment over link. Without it the extension flushes by timer: an ordinary Collector on somebody's laptop.
func WithLink(ctx context.Context, link *control.Link) context.Context {
	return context.WithValue(ctx, linkKey{}, link)
}

// SubscribeTelemetry has consume called with the events of the Telemetry API, in stream order, one batch at a time.
// types are those of the subscription: "platform", "function", "extension"; consume may get more types than it named,
// because all components share one subscription. consume must be done with the events when it returns. It is called
// in Start; unsubscribe works twice.
func (l *lifecycle) SubscribeTelemetry(types []string, consume func(ctx context.Context, events []lambdaapi.TelemetryEvent)) (unsubscribe func()) {
	return l.subscribers.add(subscriber{types, consume})
}

// BufferTelemetry says how a component that has subscribed wants the telemetry to be batched. Where several do, none waits
// longer, or gets smaller batches, than it wants. It is called in Start; withdraw works twice.
func (l *lifecycle) BufferTelemetry(buffering lambdaapi.Buffering) (withdraw func()) {
	return l.buffering.add(buffering)
}

// SubscribeShutdown has consume called once, when Lambda ends the environment, after the last telemetry and before the
// Collector is ended: what it puts into the pipelines leaves with the last flush. unfinished is the request id of an
// invocation that has not ended as far as is known, empty if there is none. ctx ends when the Collector must have ended.
// unsubscribe works twice.
func (l *lifecycle) SubscribeShutdown(consume func(ctx context.Context, reason lambdaapi.ShutdownReason, unfinished string)) (unsubscribe func()) {
	return l.atShutdown.add(consume)
}

// Registration is what Lambda told at registration; the zero value when not running under Lambda.
func (l *lifecycle) Registration() lambdaapi.Registration { return l.registration }

// Start takes up the link to the supervisor.
func (l *lifecycle) Start(ctx context.Context, host component.Host) error {
	l.host = host
	link, _ := ctx.Value(linkKey{}).(*control.Link)
	if link == nil {
		return nil
	}
	registration, err := lambdaapi.DecodeRegistration(link.Registration)
	if err != nil {
		return err
	}
	l.link, l.registration = link, registration
	return nil
}

// Ready is called when all pipelines run: from now on telemetry and lifecycle events may come.
func (l *lifecycle) Ready() error {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	if l.link == nil {
		l.wg.Go(func() { l.flushByTimer(ctx) })
		return nil
	}
	socket, err := l.link.Listen()
	if err != nil {
		return err
	}
	l.server = &http.Server{Handler: listener{l.intake}}
	l.wg.Go(func() { l.intake.run(ctx) })
	l.wg.Go(func() {
		if err := l.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(l.host, componentstatus.NewFatalErrorEvent(fmt.Errorf("listen for telemetry: %w", err)))
		}
	})
	l.wg.Go(func() { l.run(ctx, socket.Addr().(*net.TCPAddr).Port) })
	return nil
}

// NotReady is called when the pipelines are about to stop: what Lambda has an answer to goes into them before.
func (l *lifecycle) NotReady() error {
	if l.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), pipelineShutdown)
		defer cancel()
		l.intake.drain(ctx)
	}
	return nil
}

// Shutdown ends all goroutines. It works unstarted and twice. The link stays open: it is not the extension's.
func (l *lifecycle) Shutdown(context.Context) error {
	if l.cancel == nil {
		return nil
	}
	l.cancel()
	l.cancel = nil
	if l.server == nil {
		l.wg.Wait()
		return nil
	}
	err := errors.Join(l.server.Close(), l.link.Interrupt())
	l.wg.Wait()
	return errors.Join(err, l.link.Resume())
}

// subscription asks for the types that anybody wants, and for the platform events that the lifecycle itself needs.
func (l *lifecycle) subscription(port int) lambdaapi.Subscription {
	types := []string{lambdaapi.TelemetryPlatform}
	for _, s := range l.subscribers.all() {
		for _, t := range s.types {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	buffering := lambdaapi.DefaultBuffering()
	for i, b := range l.buffering.all() {
		if i == 0 {
			buffering = b
		}
		buffering.MaxItems = max(buffering.MaxItems, b.MaxItems)
		buffering.MaxBytes = max(buffering.MaxBytes, b.MaxBytes)
		buffering.TimeoutMs = min(buffering.TimeoutMs, b.TimeoutMs)
	}
	return lambdaapi.NewSubscription(types, buffering, port)
}

// consumeTelemetry hands a batch to all subscribers.
func (l *lifecycle) consumeTelemetry(ctx context.Context, events []lambdaapi.TelemetryEvent) {
	for _, s := range l.subscribers.all() {
		s.consume(ctx, events)
	}
}

// noteMilestones acts on the milestones in a batch that was consumed: what came before platform.runtimeDone is in the
// buffers when the flush that it sets off begins.
func (l *lifecycle) noteMilestones(events []lambdaapi.TelemetryEvent) {
	said := false
	for _, e := range events {
		switch e.Type {
		case lambdaapi.FunctionLog:
			said = true
		case lambdaapi.PlatformStart:
			if start, err := e.Start(); err == nil {
				l.hearing.begun(start.RequestID)
			}
		case lambdaapi.PlatformLogsDropped:
			l.hearing.dropped()
		case lambdaapi.PlatformRuntimeDone:
			if done, err := e.RuntimeDone(); err == nil {
				l.hearing.ended(done.RequestID)
				l.noteDone(done)
				l.billing.done(done.RequestID, e.Time)
				l.runtimeDone.reach(done.RequestID)
			}
		case lambdaapi.PlatformInitStart, lambdaapi.PlatformRestoreStart:
			if start, err := e.Init(); err == nil {
				l.billing.started(start.LogStream())
			}
			l.initialized.forget(lambdaapi.PlatformInitRuntimeDone) // that of one before, which has failed
			l.initialized.forget(lambdaapi.PlatformInitReport)
			l.initialized.reach(e.Type)
		case lambdaapi.PlatformInitRuntimeDone, lambdaapi.PlatformInitReport:
			l.initialized.reach(e.Type)
		case lambdaapi.PlatformReport:
			if report, err := e.Report(); err == nil {
				l.reported.reach(report.RequestID)
			}
		}
	}
	if said {
		l.hearing.lines()
	}
}

// rejectTelemetry reports a batch of which a part could not be read or consumed. It cannot be asked for again.
func (l *lifecycle) rejectTelemetry(err error) {
	l.logger.Warn("Part of a telemetry batch from Lambda is lost", zap.Error(err))
}
