// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// maxTelemetryBody bounds what the handler reads of one POST. Lambda posts up to 2 × maxBytes and metadata (Lambda
// Developer Guide, "Accessing real-time telemetry data for extensions using the Telemetry API"), maxBytes being 1 MiB at
// most: this is twice that.
const maxTelemetryBody = 4 << 20

// newListener returns the handler of the listener of a Telemetry API subscription. It takes a POST to any path, as the Runtime
// Interface Emulator drops the path of the destination.
//
// consume is called for one batch at a time, in the order in which the bodies have arrived, and the response is sent
// when it returns: Lambda holds the next batch back until then. Its context does not end when Lambda hangs up, because
// half a batch consumed would be worse than a whole one twice. The events and their records are valid until answered
// returns: the memory is used again, because most of a busy function's garbage would be this.
// answered is called with the same events when the response is out: what it sets off may end in a freeze, and Lambda
// repeats a batch that it has no answer to.
//
// The response to a POST is always 200: Lambda sends a batch that was refused again, without end, and everything
// behind it waits. What cannot be decoded or consumed (a panic in consume included) is reported to reject, which may be
// called concurrently; the events before and behind a broken one are consumed all the same. A batch that breaks off
// while it is read comes again, whole.
func newListener(consume func(context.Context, []lambdaapi.TelemetryEvent), answered func([]lambdaapi.TelemetryEvent), reject func(error)) http.Handler {
	return &listener{consume: consume, answered: answered, reject: reject}
}

type listener struct {
	mu       sync.Mutex
	consume  func(context.Context, []lambdaapi.TelemetryEvent)
	answered func([]lambdaapi.TelemetryEvent)
	reject   func(error)
	batches  sync.Pool // of *batch
}

// batch is the memory for one POST.
type batch struct {
	body   bytes.Buffer
	events []lambdaapi.TelemetryEvent
}

// errTooLarge says that a body was read up to the limit only.
var errTooLarge = errors.New("body is larger than 4 MiB")

func (h *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "the Telemetry API posts", http.StatusMethodNotAllowed)
		return
	}
	b, ok := h.batches.Get().(*batch)
	if !ok {
		b = &batch{}
	}
	defer h.batches.Put(b)
	err := b.read(r)
	if err != nil && !errors.Is(err, errTooLarge) {
		h.reject(err)
		return
	}
	var decodeErr error
	b.events, decodeErr = lambdaapi.AppendTelemetry(b.events[:0], b.body.Bytes())
	if err := cmp.Or(err, decodeErr); err != nil {
		h.reject(err)
	}
	if len(b.events) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliver(context.WithoutCancel(r.Context()), b.events)
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // that Lambda has hung up changes nothing
	h.answered(b.events)
}

func (h *listener) deliver(ctx context.Context, events []lambdaapi.TelemetryEvent) {
	defer func() {
		if p := recover(); p != nil {
			h.reject(fmt.Errorf("consume telemetry batch: panic: %v", p))
		}
	}()
	h.consume(ctx, events)
}

// read reads a body. What it could read is there with the error.
func (b *batch) read(r *http.Request) error {
	b.body.Reset()
	b.body.Grow(int(min(max(r.ContentLength, 0), maxTelemetryBody)) + bytes.MinRead)
	n, err := b.body.ReadFrom(io.LimitReader(r.Body, maxTelemetryBody+1))
	if n > maxTelemetryBody {
		err = errTooLarge
		b.body.Truncate(maxTelemetryBody)
	}
	if err != nil {
		return fmt.Errorf("read telemetry batch: %w", err)
	}
	return nil
}
