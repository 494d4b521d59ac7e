// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	refuse := Fault{HTTPStatus: http.StatusServiceUnavailable, GRPCCode: codes.Unavailable}
	with := func(f Fault, change func(*Fault)) Fault { change(&f); return f }
	afterStore := func(f *Fault) { f.AfterStore = true }
	// A client that never gets an answer gives up once the backend has all that it is to have.
	tests := []struct {
		name     string
		fault    Fault
		givesUp  bool
		err      bool
		rejected int64
		outcome  Outcome
		stored   bool
	}{
		{"none", Fault{}, false, false, 0, Accepted, true},
		{"latency", Fault{Latency: time.Millisecond}, false, false, 0, Accepted, true},
		{"latency beyond patience", Fault{Latency: time.Hour}, true, true, 0, Abandoned, false},
		{"status", refuse, false, true, 0, Refused, false},
		{"status after store", with(refuse, afterStore), false, true, 0, Refused, true},
		{"hang", Fault{Hang: true}, true, true, 0, Abandoned, false},
		{"hang after store", Fault{Hang: true, AfterStore: true}, true, true, 0, Abandoned, true},
		{"reset", Fault{Reset: true}, false, true, 0, Reset, false},
		{"reset after store", Fault{Reset: true, AfterStore: true}, false, true, 0, Reset, true},
		{"partial success", Fault{RejectedItems: 2}, false, false, 2, PartiallyAccepted, true},
	}
	for _, tt := range tests {
		for _, protocol := range []int{0, 1} {
			b := start(t, Config{})
			client := clients(t, b)[protocol]
			t.Run(tt.name+" over "+client.name, func(t *testing.T) {
				b.SetFault(tt.fault)
				ctx, cancel := context.WithCancel(within(t, patience))
				defer cancel()
				if tt.givesUp {
					go func() {
						defer cancel()
						_ = b.WaitFor(ctx, func(b *Backend) bool {
							requests := b.Requests()
							return len(requests) == 1 && requests[0].Stored == tt.stored
						})
					}()
				}
				rejected, err := client.export(ctx, logsOf("a", "b", "c"))
				assert.Equal(t, tt.err, err != nil, "%v", err)
				assert.Equal(t, tt.rejected, rejected)
				require.NoError(t, b.WaitFor(within(t, patience), func(b *Backend) bool {
					requests := b.Requests()
					return len(requests) == 1 && requests[0].Outcome == tt.outcome
				}), "%v", outcomes(b))
				assert.Equal(t, tt.stored, b.Counts().Logs == 3)
				assert.Equal(t, tt.stored, b.Requests()[0].Stored)

				b.ClearFault()
				_, err = client.export(within(t, patience), logsOf("d"))
				if err != nil { // gRPC may notice only now that its connection was reset
					_, err = client.export(within(t, patience), logsOf("d"))
				}
				require.NoError(t, err)
			})
		}
	}
}

func TestFaultTimes(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	for _, client := range clients(t, b) {
		b.SetFault(Fault{Times: 2, HTTPStatus: http.StatusTooManyRequests, GRPCCode: codes.ResourceExhausted})
		for range 2 {
			_, err := client.export(within(t, patience), logsOf("x"))
			requireStatus(t, err, http.StatusTooManyRequests, codes.ResourceExhausted)
		}
		_, err := client.export(within(t, patience), logsOf("x"))
		require.NoError(t, err)
	}
	assert.Equal(t, 2, b.Counts().Logs)
}

func TestFaultOfTheOtherProtocol(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	b.SetFault(Fault{HTTPStatus: http.StatusBadGateway})
	_, err := grpcClient(t, b, "").export(within(t, patience), logsOf("x"))
	require.NoError(t, err)
	b.SetFault(Fault{GRPCCode: codes.Internal})
	_, err = httpClient(t, b, "").export(within(t, patience), logsOf("x"))
	require.NoError(t, err)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	b.SetFault(Fault{
		HTTPStatus: http.StatusServiceUnavailable,
		GRPCCode:   codes.Unavailable,
		RetryAfter: 1500 * time.Millisecond,
	})

	_, err := httpClient(t, b, "").export(within(t, patience), logsOf("x"))
	var overHTTP httpError
	require.ErrorAs(t, err, &overHTTP)
	assert.Equal(t, "2", overHTTP.retryAfter)

	_, err = grpcClient(t, b, "").export(within(t, patience), logsOf("x"))
	details := status.Convert(err).Details()
	require.Len(t, details, 1, "%v", err)
	require.IsType(t, &errdetails.RetryInfo{}, details[0])
	assert.Equal(t, 1500*time.Millisecond, details[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration())
}

// A request that hangs must not keep the backend from closing, and shows as pending until then.
func TestCloseEndsHangingRequests(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	b.SetFault(Fault{Hang: true})
	failures := make(chan error)
	for _, client := range clients(t, b) {
		go func() {
			_, err := client.export(context.WithoutCancel(t.Context()), logsOf("x"))
			failures <- err
		}()
	}
	require.NoError(t, b.WaitFor(within(t, patience), func(b *Backend) bool { return b.Counts().Requests == 2 }))
	assert.Equal(t, []Outcome{Pending, Pending}, outcomes(b))
	b.Close()
	b.Close()
	require.Error(t, <-failures)
	require.Error(t, <-failures)
	require.ErrorContains(t, b.Accept(), "closed")
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	tooLate := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(tooLate)
	err := b.WaitFor(ctx, func(*Backend) bool { return false })
	require.ErrorIs(t, err, tooLate)
	require.ErrorContains(t, err, "have 0 requests, 0 logs, 0 spans, 0 data points")
}
