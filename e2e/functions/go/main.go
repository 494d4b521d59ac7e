// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command go is a function on the Go runtime client, with OpenTelemetry's instrumentation of it. Events: see the package
// e2e.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-lambda-go/otellambda"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

type event struct {
	Do   string `json:"do"`
	Line string `json:"line"`
}

// providers flushes traces and metrics at the end of an invocation.
type providers struct {
	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
}

// ForceFlush is what the instrumentation calls.
func (p providers) ForceFlush(ctx context.Context) error {
	return errors.Join(p.traces.ForceFlush(ctx), p.metrics.ForceFlush(ctx))
}

// start sets the SDK up; OTEL_EXPORTER_OTLP_ENDPOINT and _PROTOCOL say where to and how.
func start(ctx context.Context) (providers, error) {
	var (
		spans   *otlptrace.Exporter
		metrics sdkmetric.Exporter
		err     error
	)
	if os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" {
		if spans, err = otlptracegrpc.New(ctx); err == nil {
			metrics, err = otlpmetricgrpc.New(ctx)
		}
	} else if spans, err = otlptracehttp.New(ctx); err == nil {
		metrics, err = otlpmetrichttp.New(ctx)
	}
	if err != nil {
		return providers{}, err
	}
	p := providers{
		traces:  sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans)),
		metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics))),
	}
	otel.SetTracerProvider(p.traces)
	otel.SetMeterProvider(p.metrics)
	return p, nil
}

// work does what the event says, but answer.
func work(ctx context.Context, e event) error {
	ctx, span := otel.Tracer("e2e").Start(ctx, "work")
	defer span.End()
	slog.InfoContext(ctx, e.Line)
	invocations, err := otel.Meter("e2e").Int64Counter("e2e.invocations")
	if err != nil {
		return err
	}
	invocations.Add(ctx, 1)
	switch e.Do {
	case "error":
		err := errors.New("boom")
		span.SetStatus(codes.Error, err.Error()) // the instrumentation's own span does not say it
		return err
	case "hang":
		select {}
	}
	return nil
}

func answer(ctx context.Context, e event) (string, error) {
	return "answered", work(ctx, e)
}

func stream(ctx context.Context, e event) (io.Reader, error) {
	return strings.NewReader(`"streamed"`), work(ctx, e)
}

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	p, err := start(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	var handler any = answer
	if os.Getenv("_HANDLER") == "stream" {
		handler = stream
	}
	lambda.Start(otellambda.InstrumentHandler(handler, otellambda.WithTracerProvider(p.traces), otellambda.WithFlusher(p)))
}
