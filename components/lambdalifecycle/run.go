// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
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
	// flushInterval is how often buffers are flushed where there are no invocations to go by.
	flushInterval = time.Second
)

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
	// Managed Instances run invocations concurrently, without INVOKE events, and are never frozen; without the
	// Telemetry API (SAM, Runtime Interface Emulator) nobody tells when an invocation ends.
	if !telemetry || os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "lambda-managed-instances" {
		l.wg.Go(func() { l.flushByTimer(ctx) })
	}
	var last lambdaapi.Event
	for {
		event, err := l.nextEvent()
		if err != nil {
			return err
		}
		if event.Type == lambdaapi.Shutdown {
			deadline := event.Deadline.Add(-l.cfg.DeadlineMargin)
			if last.RequestID != "" && telemetry {
				l.awaitLastReport(ctx, last.RequestID)
			}
			return &ShutdownError{Reason: event.ShutdownReason, Deadline: deadline}
		}
		if telemetry {
			l.invoke(ctx, event)
		}
		last = event
	}
}

// subscribe makes the Telemetry API subscription and reports whether telemetry will come.
func (l *lifecycle) subscribe(port int) (bool, error) {
	body, err := json.Marshal(l.subscription(port))
	if err != nil {
		return false, err
	}
	if err := l.link.Send(control.Subscribe, string(body)); err != nil {
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

// invoke accompanies one invocation: it waits for its end, or for the moment when what was said so far must leave
// because the function is about to time out, and flushes.
func (l *lifecycle) invoke(ctx context.Context, event lambdaapi.Event) {
	deadline, cancel := context.WithDeadline(ctx, event.Deadline.Add(-l.cfg.DeadlineMargin))
	defer cancel()
	if l.runtimeDone.wait(deadline, event.RequestID) {
		l.flush(deadline)
		return
	}
	last, cancel := context.WithDeadline(ctx, event.Deadline.Add(-minDeadlineMargin))
	defer cancel()
	l.flush(last)
	if l.runtimeDone.wait(last, event.RequestID) {
		l.flush(last)
	}
}

// awaitLastReport gives the platform.report of the last invocation the time to arrive: Lambda makes it only when all
// extensions have asked for the next event.
func (l *lifecycle) awaitLastReport(ctx context.Context, requestID string) {
	ctx, cancel := context.WithTimeout(ctx, lastReportPatience)
	defer cancel()
	l.reported.wait(ctx, requestID)
}

// flush flushes all buffers side by side, so that one slow backend does not hold back the others.
func (l *lifecycle) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.FlushTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for _, flush := range l.flushers.all() {
		wg.Go(func() {
			// What could not leave stays in its buffer, which reports it.
			if err := flush(ctx); err != nil {
				l.logger.Debug("Flush incomplete", zap.Error(err))
			}
		})
	}
	wg.Wait()
}

// flushByTimer flushes at regular intervals until ctx is done.
func (l *lifecycle) flushByTimer(ctx context.Context) {
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.flush(ctx)
		case <-ctx.Done():
			return
		}
	}
}
