// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// telemetrySource is what the receiver needs of the lambda_lifecycle extension: batches in stream order, one at a
// time. When consume returns, the lifecycle acts on the batch.
type telemetrySource interface {
	SubscribeTelemetry(types []string, consume func(context.Context, []lambdaapi.TelemetryEvent)) (unsubscribe func())
}

// lifecycleType is the extension type that offers a telemetrySource.
const lifecycleType = "lambda_lifecycle"

// warnInterval is how often at most the receiver says that it lost records. Its own lines come back to it as telemetry,
// so it never logs per event or batch.
const warnInterval = time.Minute

// telemetryReceiver converts what the lifecycle hands over.
type telemetryReceiver struct {
	types     []string
	logger    *zap.Logger
	obsreport *receiverhelper.ObsReport
	convert   *converter
	now       func() time.Time
	logs      consumer.Logs
	forget    func()

	start       sync.Once
	startErr    error
	unsubscribe func()

	// Used by consume only, which is called for one batch at a time.
	dropped    int // records since the last warning
	lastWarned time.Time
}

func newReceiver(set receiver.Settings, cfg *Config, getenv func(string) string, now func() time.Time) (*telemetryReceiver, error) {
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             set.ID,
		Transport:              "http",
		ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	return &telemetryReceiver{
		types:     cfg.Types,
		logger:    set.Logger,
		obsreport: obsreport,
		now:       now,
		convert: &converter{
			scopeVersion: set.BuildInfo.Version,
			platform:     slices.Contains(cfg.Types, lambdaapi.TelemetryPlatform),
			function:     slices.Contains(cfg.Types, lambdaapi.TelemetryFunction),
			extension:    slices.Contains(cfg.Types, lambdaapi.TelemetryExtension),
			interleaved:  getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "lambda-managed-instances",
		},
	}, nil
}

// Start subscribes, once for all the signals that share the receiver.
func (r *telemetryReceiver) Start(_ context.Context, host component.Host) error {
	r.start.Do(func() {
		var source telemetrySource
		if source, r.startErr = findSource(host.GetExtensions()); r.startErr == nil {
			types := append([]string{lambdaapi.TelemetryPlatform}, r.types...)
			slices.Sort(types)
			r.unsubscribe = source.SubscribeTelemetry(slices.Compact(types), r.consume)
		}
	})
	return r.startErr
}

func findSource(extensions map[component.ID]component.Component) (telemetrySource, error) {
	var wrongKind error
	for id, extension := range extensions {
		if source, ok := extension.(telemetrySource); ok {
			return source, nil
		}
		if id.Type().String() == lifecycleType {
			wrongKind = fmt.Errorf("extension %q does not deliver Lambda telemetry: build it and this receiver from the same version of otelcol-lambda", id)
		}
	}
	if wrongKind != nil {
		return nil, wrongKind
	}
	return nil, fmt.Errorf("no extension %q, which delivers Lambda telemetry: add it to service::extensions", lifecycleType)
}

// Shutdown unsubscribes. It may be called again, and without a Start.
func (r *telemetryReceiver) Shutdown(context.Context) error {
	if r.unsubscribe != nil {
		r.unsubscribe()
		r.unsubscribe = nil
	}
	r.forget()
	return nil
}

// consume hands a batch to the pipeline. What the pipeline refuses is counted and lost: Lambda could only deliver the
// whole batch again, other subscribers of which have taken it, and everything behind it would have to wait,
// platform.runtimeDone included.
func (r *telemetryReceiver) consume(ctx context.Context, events []lambdaapi.TelemetryEvent) {
	now := r.now()
	logs := r.convert.logs(events, now)
	count := logs.LogRecordCount()
	if count == 0 {
		return
	}
	ctx = r.obsreport.StartLogsOp(ctx)
	err := r.logs.ConsumeLogs(ctx, logs)
	r.obsreport.EndLogsOp(ctx, "telemetryapi", count, err)
	if err == nil {
		return
	}
	r.dropped += count
	if now.Sub(r.lastWarned) < warnInterval {
		return
	}
	r.logger.Warn("log records lost: the pipeline refused them", zap.Int("records", r.dropped), zap.Error(err))
	r.dropped, r.lastWarned = 0, now
}
