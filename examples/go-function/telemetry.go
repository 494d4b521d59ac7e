// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// flushTimeout bounds what telemetry may cost an invocation. The Collector is on the same machine and answers in
// milliseconds; if it does not, the function's answer matters more.
const flushTimeout = 500 * time.Millisecond

// telemetry is the OpenTelemetry SDK, exporting to the Collector of the layer.
type telemetry struct {
	traces  *trace.TracerProvider
	metrics *metric.MeterProvider
}

// startTelemetry sets the SDK up. Nothing connects before the first export, so it takes no time when nothing listens.
// OTEL_EXPORTER_OTLP_ENDPOINT and the other standard variables apply.
func startTelemetry(ctx context.Context) (*telemetry, error) {
	// The Collector does the retrying, and keeps what it cannot deliver yet: a retry here would only hold the function.
	traceOptions := []otlptracehttp.Option{otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false})}
	metricOptions := []otlpmetrichttp.Option{otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: false})}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" { // the exporters' own default is https
		traceOptions = append(traceOptions, otlptracehttp.WithEndpointURL("http://localhost:4318/v1/traces"))
		metricOptions = append(metricOptions, otlpmetrichttp.WithEndpointURL("http://localhost:4318/v1/metrics"))
	}
	traceExporter, err := otlptracehttp.New(ctx, traceOptions...)
	if err != nil {
		return nil, fmt.Errorf("create trace exporter: %w", err)
	}
	metricExporter, err := otlpmetrichttp.New(ctx, metricOptions...)
	if err != nil {
		return nil, fmt.Errorf("create metric exporter: %w", err)
	}
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, so they win. The layer adds the faas.* and cloud.*
	// attributes.
	from, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", os.Getenv("AWS_LAMBDA_FUNCTION_NAME"))),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("describe resource: %w", err)
	}
	return &telemetry{
		traces:  trace.NewTracerProvider(trace.WithBatcher(traceExporter), trace.WithResource(from)),
		metrics: metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metricExporter)), metric.WithResource(from)),
	}, nil
}

// flush hands everything to the Collector. Call it before the handler returns: what is still in the SDK when Lambda
// freezes the environment waits there until the next invocation.
func (t *telemetry) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	return errors.Join(t.traces.ForceFlush(ctx), t.metrics.ForceFlush(ctx))
}

func (t *telemetry) shutdown(ctx context.Context) error {
	return errors.Join(t.traces.Shutdown(ctx), t.metrics.Shutdown(ctx))
}
