// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// order is the event.
type order struct {
	// Fail makes the payment fail, and the invocation with it.
	Fail bool `json:"fail"`
}

// receipt is the response: what the invocation sent, so that whoever looks at the other end can tell what is missing.
type receipt struct {
	Spans int `json:"spans"`
	Lines int `json:"lines"`
}

// failure is the error of an invocation. Its text is JSON, because that is the one way to carry the receipt.
type failure struct {
	receipt
	Cause string `json:"error"`
}

func (f failure) Error() string {
	text, err := json.Marshal(f)
	if err != nil {
		return f.Cause
	}
	return string(text)
}

var errDeclined = errors.New("payment declined")

// shop handles orders.
type shop struct {
	sdk    *telemetry
	tracer trace.Tracer
	orders metric.Int64Counter
	logger *slog.Logger
	stdout io.Writer
}

func newShop(sdk *telemetry, logger *slog.Logger, stdout io.Writer) (*shop, error) {
	orders, err := sdk.metrics.Meter("shop").Int64Counter("shop.orders", metric.WithUnit("{order}"))
	if err != nil {
		return nil, fmt.Errorf("create counter: %w", err)
	}
	return &shop{sdk: sdk, tracer: sdk.traces.Tracer("shop"), orders: orders, logger: logger, stdout: stdout}, nil
}

// handle is the Lambda handler.
func (s *shop) handle(ctx context.Context, o order) (receipt, error) {
	var made receipt
	err := s.process(ctx, o, &made)
	if err := s.sdk.flush(ctx); err != nil {
		s.logger.WarnContext(ctx, "telemetry was not flushed", "error", err)
		made.Lines++
	}
	if err != nil {
		return receipt{}, failure{made, err.Error()}
	}
	return made, nil
}

func (s *shop) process(ctx context.Context, o order, made *receipt) (err error) {
	ctx, end := s.span(ctx, made, "process order", trace.WithSpanKind(trace.SpanKindServer), invocation(ctx))
	defer func() { end(err) }()

	_, _ = fmt.Fprintln(s.stdout, "processing an order") // a plain line is a log record, too
	made.Lines++

	_, endStock := s.span(ctx, made, "check stock")
	endStock(nil)

	err = s.charge(ctx, o, made)
	s.orders.Add(ctx, 1, metric.WithAttributes(attribute.Bool("paid", err == nil)))
	if err != nil {
		s.logger.ErrorContext(ctx, "order failed", "error", err)
		made.Lines++
		return err
	}
	_, endShip := s.span(ctx, made, "ship order")
	endShip(nil)

	s.logger.InfoContext(ctx, "order shipped", "items", 3)
	made.Lines++
	return nil
}

func (s *shop) charge(ctx context.Context, o order, made *receipt) (err error) {
	ctx, end := s.span(ctx, made, "charge card")
	defer func() { end(err) }()
	_, endCall := s.span(ctx, made, "POST /payments", trace.WithSpanKind(trace.SpanKindClient))
	defer func() { endCall(err) }()
	if o.Fail {
		return errDeclined
	}
	return nil
}

// span starts a span and counts it. The end takes the error, if any, that the span's work failed with.
func (s *shop) span(ctx context.Context, made *receipt, name string, options ...trace.SpanStartOption) (context.Context, func(error)) {
	made.Spans++
	ctx, span := s.tracer.Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// invocation is the attribute that ties the span to the logs of the same invocation.
func invocation(ctx context.Context) trace.SpanStartEventOption {
	lc, _ := lambdacontext.FromContext(ctx)
	if lc == nil {
		return trace.WithAttributes()
	}
	return trace.WithAttributes(attribute.String("faas.invocation_id", lc.AwsRequestID))
}
