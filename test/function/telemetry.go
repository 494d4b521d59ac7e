// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exportTimeout bounds one export: a test sees the failure, not the function's timeout.
const exportTimeout = time.Second

// exporters do not retry, and connect when they are first used.
type exporters struct {
	spans   sdktrace.SpanExporter
	metrics sdkmetric.Exporter
}

func newExporters(ctx context.Context) (exporters, error) {
	var e exporters
	var errSpans, errMetrics error
	local := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" // the exporters' own default is https
	switch protocol := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		spans := []otlptracehttp.Option{otlptracehttp.WithRetry(otlptracehttp.RetryConfig{})}
		metrics := []otlpmetrichttp.Option{otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{})}
		if local {
			spans, metrics = append(spans, otlptracehttp.WithInsecure()), append(metrics, otlpmetrichttp.WithInsecure())
		}
		e.spans, errSpans = otlptracehttp.New(ctx, spans...)
		e.metrics, errMetrics = otlpmetrichttp.New(ctx, metrics...)
	case "grpc":
		spans := []otlptracegrpc.Option{otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{})}
		metrics := []otlpmetricgrpc.Option{otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{})}
		if local {
			spans, metrics = append(spans, otlptracegrpc.WithInsecure()), append(metrics, otlpmetricgrpc.WithInsecure())
		}
		e.spans, errSpans = otlptracegrpc.New(ctx, spans...)
		e.metrics, errMetrics = otlpmetricgrpc.New(ctx, metrics...)
	default:
		return exporters{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: use grpc or http/protobuf", protocol)
	}
	return e, errors.Join(errSpans, errMetrics)
}

// telemetry makes and exports what one invocation makes. It is the SDK without what works in the background, so that a
// test knows when the export happened and how it ended.
type telemetry struct {
	exporters    exporters
	invocationID attribute.KeyValue
	ended        endedSpans
	tracers      *sdktrace.TracerProvider
	reader       *sdkmetric.ManualReader
	meters       *sdkmetric.MeterProvider
}

func newTelemetry(ctx context.Context, e exporters) *telemetry {
	t := &telemetry{exporters: e, reader: sdkmetric.NewManualReader()}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		t.invocationID = attribute.String("faas.invocation_id", lc.AwsRequestID)
	}
	t.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(&t.ended), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(t.reader))
	return t
}

// requestID is the invocation's, empty outside of Lambda.
func (t *telemetry) requestID() string { return t.invocationID.Value.AsString() }

// span makes a span that carries the invocation's id and so many bytes of padding, and returns its id.
func (t *telemetry) span(ctx context.Context, name string, padding int) string {
	_, span := t.tracers.Tracer("test").Start(ctx, name)
	span.SetAttributes(t.invocationID)
	if padding > 0 {
		span.SetAttributes(attribute.String("padding", strings.Repeat("x", padding)))
	}
	span.End()
	return span.SpanContext().SpanID().String()
}

func (t *telemetry) count(ctx context.Context, n int64) error {
	counter, err := t.meters.Meter("test").Int64Counter("test.counter")
	if err != nil {
		return err
	}
	counter.Add(ctx, n)
	return nil
}

// export sends what was made since the last export. What fails is not sent again.
func (t *telemetry) export(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	var errSpans, errMetrics error
	if spans := t.ended.take(); len(spans) > 0 {
		errSpans = t.exporters.spans.ExportSpans(ctx, spans)
	}
	var metrics metricdata.ResourceMetrics
	if err := t.reader.Collect(ctx, &metrics); err != nil {
		return errors.Join(errSpans, err)
	}
	if len(metrics.ScopeMetrics) > 0 {
		errMetrics = t.exporters.metrics.Export(ctx, &metrics)
	}
	return errors.Join(errSpans, errMetrics)
}

// endedSpans is a span processor that keeps the spans until they are taken.
type endedSpans struct {
	mu    sync.Mutex
	spans []sdktrace.ReadOnlySpan
}

func (e *endedSpans) OnEnd(span sdktrace.ReadOnlySpan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans = append(e.spans, span)
}

func (e *endedSpans) take() []sdktrace.ReadOnlySpan {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.spans
	e.spans = nil
	return taken
}

func (*endedSpans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (*endedSpans) ForceFlush(context.Context) error                { return nil }
func (*endedSpans) Shutdown(context.Context) error                  { return nil }
