// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

// Fault is what goes wrong with a request after it was read and its authorization checked. The zero value is a
// request that goes well. The fields combine in the order in which they stand here: first Latency passes, then the
// data is stored if it is to be stored, then one of the ends that follow.
type Fault struct {
	// Times is how many requests meet the fault; after that all goes well again. 0: every request until ClearFault.
	Times int
	// Latency delays the rest. A client that gives up meanwhile leaves nothing behind.
	Latency time.Duration
	// AfterStore makes Hang, Reset, HTTPStatus and GRPCCode strike after the data was stored: the client is told of a
	// failure, or nothing, about data that has arrived.
	AfterStore bool
	// Hang never answers: it ends with the request, when the client gives up or the connection or backend closes.
	Hang bool
	// Reset cuts the connection (TCP RST) instead of an answer.
	Reset bool
	// HTTPStatus answers OTLP/HTTP requests, GRPCCode OTLP/gRPC ones. Requests of the protocol whose field is zero go
	// well.
	HTTPStatus int
	GRPCCode   codes.Code
	// RetryAfter goes with HTTPStatus (Retry-After, in whole seconds, rounded up) and GRPCCode (RetryInfo).
	RetryAfter time.Duration
	// RejectedItems answers success, but a partial one that claims to have rejected this many items. It is only a
	// claim: all of them are stored.
	RejectedItems int64
}

// SetFault makes the requests that arrive from now on meet the fault, instead of the one set before. Requests that have
// met a fault are not released.
func (b *Backend) SetFault(f Fault) { b.faults.set(f) }

// ClearFault makes the requests that arrive from now on go well.
func (b *Backend) ClearFault() { b.faults.set(Fault{}) }

type faults struct {
	mu      sync.Mutex
	current Fault
	left    int // how many more requests meet the current fault, if it counts
}

func (f *faults) set(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current, f.left = fault, fault.Times
}

// next returns the fault that the request meets which has just arrived.
func (f *faults) next() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current.Times > 0 {
		if f.left == 0 {
			return Fault{}
		}
		f.left--
	}
	return f.current
}
