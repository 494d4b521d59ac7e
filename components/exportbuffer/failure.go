// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	errShutdown  = errors.New("the export buffer has been shut down")
	errOversized = consumererror.NewPermanent(errors.New("the data is larger than the whole export buffer"))
	// errOpen is the answer of a flush that sends nothing, because the backend has kept failing.
	errOpen = errors.New("the backend keeps failing: the next attempt is made later")
	// errNoTime is the answer of a flush that ends while it could not end another request.
	errNoTime = errors.New("the time of the flush is too short for all that is buffered")
	// errStuck is the answer of a flush while an exporter has not returned from a call whose context has ended.
	errStuck = errors.New("the exporter does not return although its context has ended")
)

// outcome is what the buffer does with data after an attempt to send it.
type outcome int

const (
	delivered outcome = iota
	retryable         // kept for the next flush
	rejected          // dropped: it would be refused again
	tooLarge          // kept, and sent in smaller requests
	malformed         // divided, so that the records that can be read are sent
)

// classify reads the error of an exporter. ctx is the one that the exporter was called with.
func classify(ctx context.Context, err error) outcome {
	switch {
	case err == nil:
		return delivered
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return retryable
	case isTooLarge(err):
		return tooLarge
	case isMalformed(err):
		return malformed
	case consumererror.IsPermanent(err):
		return rejected
	default:
		return retryable
	}
}

// isTooLarge recognises HTTP 413 and gRPC's limit of a message. The otlp_http exporter gives the HTTP status code
// only in the text of the error (it maps 413 to the gRPC code Unknown), gRPC uses ResourceExhausted for much else.
func isTooLarge(err error) bool {
	if e, ok := errors.AsType[*consumererror.Error](err); ok && consumererror.ToHTTPStatus(e) == http.StatusRequestEntityTooLarge {
		return true
	}
	text := err.Error()
	if status.Code(unwrapStatus(err)) == codes.ResourceExhausted && strings.Contains(text, "larger than max") {
		return true
	}
	return strings.Contains(text, "HTTP Status Code 413") || strings.Contains(text, "HTTP status code received from server: 413")
}

// isMalformed recognises that ClickHouse cannot read the data, which its exporter does not mark as permanent: code 117,
// INCORRECT_DATA, of which each of its protocols gives another half. An overload, a full disk, or tables that are missing
// or different have other codes.
func isMalformed(err error) bool {
	text := err.Error()
	return strings.Contains(text, "(INCORRECT_DATA)") || strings.Contains(text, "code: 117,")
}

// retryAfter returns how long a server wants to be left alone, from the error that exporters make of that with
// exporterhelper.NewThrottleRetry; 0 if it did not say. The type is not exported; the text is "Throttle (30s), error: …".
func retryAfter(err error) time.Duration {
	_, text, _ := strings.Cut(err.Error(), "Throttle (")
	text, _, _ = strings.Cut(text, ")")
	patience, _ := time.ParseDuration(text)
	return patience
}

// isAnswer reports whether a failure is the answer of a server, so that the connection is alive. In doubt it is not:
// gRPC says Unavailable both for a broken connection and for a server that says so.
func isAnswer(err error) bool {
	if retryAfter(err) > 0 || isRefused(err) || strings.Contains(err.Error(), "HTTP Status Code") {
		return true
	}
	switch status.Code(unwrapStatus(err)) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown:
		return false
	default:
		return true
	}
}

// unwrapStatus finds the error of a chain that carries a gRPC status.
func unwrapStatus(err error) error {
	if carrier, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return carrier
	}
	return err
}
