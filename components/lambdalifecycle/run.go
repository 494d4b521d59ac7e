// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	// lastReportPatience bounds the wait for the last platform.report at SHUTDOWN: it comes within 5 ms on average,
	// 40 ms at most (Elastic's measurements for apm-aws-lambda, pull request 347).
	lastReportPatience = 50 * time.Millisecond
	// lastLinesPatience bounds it where an invocation has ended that was not accompanied to its end, as on Managed
	// Instances, or where INIT has failed: what was said last comes now, in front of the report.
	lastLinesPatience = 300 * time.Millisecond
)

// pipelineShutdown is what shutting down the pipelines may take at the end, the last flush included.
const pipelineShutdown = 300 * time.Millisecond

// ShutdownError ends the Collector in an orderly way: the extension reports it as its fatal status when Lambda
// announces the end of the environment.
type ShutdownError struct {
	// Reason is why Lambda ends the environment.
	Reason lambdaapi.ShutdownReason
	// Deadline is when the Collector must have ended, the configured margin deducted.
	Deadline time.Time
}

func (e *ShutdownError) Error() string {
	return fmt.Sprintf("Lambda ends the environment: %s", e.Reason)
}

// run follows the life of the environment until its end.
func (l *lifecycle) run(ctx context.Context, telemetryPort int) {
	err := l.follow(ctx, telemetryPort)
	if ctx.Err() != nil {
		return
	}
	componentstatus.ReportStatus(l.host, componentstatus.NewFatalErrorEvent(err))
}

func (l *lifecycle) follow(ctx context.Context, telemetryPort int) error {
	telemetry, err := l.subscribe(telemetryPort)
	if err != nil {
		return err
	}
	// Managed Instances are never frozen; without the Telemetry API (SAM, Runtime Interface Emulator) nobody tells
	// when an invocation ends.
	if !telemetry || l.initialization == lambdaapi.ManagedInstances {
		l.wg.Go(func() { l.flushByTimer(ctx) })
	} else if lambdaapi.StartedAhead(l.initialization) {
		l.finishInit(ctx)
	}
	var last, beforeLast lambdaapi.Event
	for {
		event, err := l.nextEvent()
		if err != nil {
			return err
		}
		if event.Type == lambdaapi.Shutdown {
			end := &ShutdownError{Reason: event.ShutdownReason, Deadline: event.Deadline.Add(-l.cfg.DeadlineMargin)}
			unfinished := ""
			switch {
			case telemetry && l.initialization == lambdaapi.ManagedInstances:
				l.awaitLastLines(ctx)
			case telemetry && last.RequestID != "":
				unfinished = l.awaitLastReport(ctx, last.RequestID, event.ShutdownReason)
			case telemetry && event.ShutdownReason != lambdaapi.Spindown:
				l.awaitFailedInit(ctx)
			}
			l.drainBeforeEnd(ctx, end)
			l.announceShutdown(ctx, end, unfinished)
			l.flushBeforeEnd(ctx, end)
			return end
		}
		// The end of the last one may still be on its way.
		if telemetry && beforeLast.RequestID != "" && !l.runtimeDone.has(beforeLast.RequestID) {
			l.noteUnheard()
		}
		l.begin(event.RequestID)
		if telemetry {
			l.invoke(ctx, event, last.RequestID)
		} else {
			l.flush(ctx)
		}
		last, beforeLast = event, last
	}
}

// begin notes that an invocation has begun, perhaps for the second time.
func (l *lifecycle) begin(requestID string) {
	if l.invoked.has(requestID) {
		l.runtimeDone.forget(requestID)
		l.reported.forget(requestID)
		l.billing.forget(requestID)
	}
	l.invoked.reach(requestID)
}

// flushBeforeEnd flushes all buffers side by side while there is time, before the pipelines are shut down one after
// the other: one backend that hangs must not take it from the others.
func (l *lifecycle) flushBeforeEnd(ctx context.Context, end *ShutdownError) {
	ctx, cancel := context.WithDeadline(ctx, end.Deadline.Add(-pipelineShutdown))
	defer cancel()
	l.flush(ctx)
}

// subscribe makes the Telemetry API subscription and reports whether telemetry will come.
func (l *lifecycle) subscribe(port int) (bool, error) {
	if err := l.link.Send(control.Subscribe, l.subscription(port).String()); err != nil {
		return false, fmt.Errorf("subscribe to telemetry: %w", err)
	}
	_, answer, err := l.link.Receive()
	if err != nil {
		return false, fmt.Errorf("subscribe to telemetry: %w", err)
	}
	code, reason, _ := strings.Cut(answer, " ")
	status, _ := strconv.Atoi(code)
	switch status {
	case 200:
		return true, nil
	case 202, 404: // the Runtime Interface Emulator and SAM; LocalStack
		l.logger.Warn("This environment has no Telemetry API: function logs and platform events are not collected; OTLP is",
			zap.Int("status", status))
		return false, nil
	default:
		l.logger.Error("Lambda refused the telemetry subscription: function logs and platform events are not collected; OTLP is",
			zap.Int("status", status), zap.String("answer", reason))
		return false, nil
	}
}

// nextEvent tells the supervisor that nothing is in flight any more and waits for the next lifecycle event.
func (l *lifecycle) nextEvent() (lambdaapi.Event, error) {
	if err := l.link.Send(control.Next, ""); err != nil {
		return lambdaapi.Event{}, fmt.Errorf("ask for the next event: %w", err)
	}
	_, payload, err := l.link.Receive()
	if err != nil {
		return lambdaapi.Event{}, fmt.Errorf("wait for the next event: %w", err)
	}
	return lambdaapi.DecodeEvent([]byte(payload))
}

// awaitLastReport gives the platform.report of the last invocation the time to arrive: Lambda makes it only when all
// extensions have asked for the next event. It returns the request id if even the end of the invocation is not known.
func (l *lifecycle) awaitLastReport(ctx context.Context, requestID string, reason lambdaapi.ShutdownReason) (unfinished string) {
	patience := lastReportPatience
	if reason == lambdaapi.Spindown && !l.runtimeDone.has(requestID) {
		patience = lastLinesPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.reported.wait(ctx, requestID) || l.runtimeDone.has(requestID) {
		return ""
	}
	return requestID
}

// awaitFailedInit gives what tells why INIT has failed the time to arrive: the function's last words, and the report.
func (l *lifecycle) awaitFailedInit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastLinesPatience)
	defer cancel()
	l.initialized.wait(ctx, lambdaapi.PlatformInitReport)
}

// awaitLastLines gives what Lambda still collects the time to arrive, where nobody tells which invocation was the last.
func (l *lifecycle) awaitLastLines(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastLinesPatience)
	defer cancel()
	<-ctx.Done()
}

// drainBeforeEnd has everything consumed that Lambda has an answer to, while there is time for the last flush.
func (l *lifecycle) drainBeforeEnd(ctx context.Context, end *ShutdownError) {
	ctx, cancel := context.WithDeadline(ctx, end.Deadline.Add(-pipelineShutdown))
	defer cancel()
	l.intake.drain(ctx)
}

// announceShutdown tells who has subscribed.
func (l *lifecycle) announceShutdown(ctx context.Context, end *ShutdownError, unfinished string) {
	ctx, cancel := context.WithDeadline(ctx, end.Deadline)
	defer cancel()
	for _, consume := range l.atShutdown.all() {
		consume(ctx, end.Reason, unfinished)
	}
}
