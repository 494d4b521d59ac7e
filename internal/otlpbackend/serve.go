// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"context"
	"crypto/subtle"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// payload is the decoded content of a request, whatever its signal.
type payload struct {
	items int
	// keep adds the content to what was received.
	keep func(*received, Arrival)
}

func logsPayload(ld plog.Logs) payload {
	return payload{ld.LogRecordCount(), func(r *received, from Arrival) {
		r.rawLogs = append(r.rawLogs, ld)
		r.logs = append(r.logs, flattenLogs(ld, from)...)
	}}
}

func tracesPayload(td ptrace.Traces) payload {
	return payload{td.SpanCount(), func(r *received, from Arrival) {
		r.rawTraces = append(r.rawTraces, td)
		r.spans = append(r.spans, flattenTraces(td, from)...)
	}}
}

func metricsPayload(md pmetric.Metrics) payload {
	return payload{md.DataPointCount(), func(r *received, from Arrival) {
		r.rawMetrics = append(r.rawMetrics, md)
		r.dataPoints = append(r.dataPoints, flattenMetrics(md, from)...)
	}}
}

// answer is what the protocols have to render. Its outcome decides: Accepted, PartiallyAccepted, Unauthenticated,
// Malformed and Refused are answers; after Reset and Abandoned there is nobody to answer.
type answer struct {
	outcome Outcome
	fault   Fault // says how, when the outcome is Refused or PartiallyAccepted
}

// serve takes one request from its arrival to the answer: all that the protocols have in common.
func (b *Backend) serve(ctx context.Context, request Request, authorization string, content payload, malformed error) answer {
	request.Time, request.Outcome, request.Items = time.Now(), Pending, content.items
	e := b.store.begin(request)
	finish := func(outcome Outcome, fault Fault) answer {
		e.outcome(outcome)
		return answer{outcome, fault}
	}

	if !b.authorized(authorization) {
		return finish(Unauthenticated, Fault{})
	}
	if malformed != nil {
		return finish(Malformed, Fault{})
	}
	fault := b.faults.next()
	if !b.sleep(ctx, fault.Latency) {
		return finish(Abandoned, fault)
	}
	status := int(fault.GRPCCode)
	if request.Protocol != GRPC {
		status = fault.HTTPStatus
	}
	fails := fault.Hang || fault.Reset || status != 0
	if fault.AfterStore || !fails {
		e.update(func(r *received, request *Request) {
			request.Stored = true
			content.keep(r, Arrival{ArrivedAt: time.Now(), Request: request.Number})
		})
	}
	switch {
	case fault.Hang:
		b.sleep(ctx, forever)
		return finish(Abandoned, fault)
	case fault.Reset:
		answered := finish(Reset, fault)
		b.conns.reset(request.RemoteAddr)
		return answered
	case status != 0:
		return finish(Refused, fault)
	case fault.RejectedItems > 0:
		return finish(PartiallyAccepted, fault)
	}
	return finish(Accepted, fault)
}

func (b *Backend) authorized(authorization string) bool {
	token := *b.token.Load()
	return token == "" || subtle.ConstantTimeCompare([]byte(authorization), []byte(token)) == 1
}

const forever = time.Duration(1<<63 - 1)

// sleep returns false if the client gave up, or the backend closed, before the time was over.
func (b *Backend) sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-b.ctx.Done():
	}
	return false
}
