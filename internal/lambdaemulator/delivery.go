// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	// postTimeout bounds one POST to a listener that does not answer, counted while the environment runs. Lambda's own
	// is not documented.
	postTimeout = 5 * time.Second
	// Pauses between attempts to deliver a batch. Lambda documents a retry with back-off, not its times.
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = time.Second
)

// droppedReason is what Lambda says (Developer Guide, "Telemetry API event schema reference").
const droppedReason = "Some logs were dropped because the downstream consumer is slower than the logs production rate"

// subscription batches events for one extension and posts them, in order, one batch at a time. A batch is repeated
// until the listener answers 2xx.
type subscription struct {
	relay  *relay
	name   string
	spec   subscriptionRequest
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	wake   chan struct{} // has room for one

	mu      sync.Mutex
	pending []pendingEvent
	bytes   int
	dropped logsDroppedRecord
}

type pendingEvent struct {
	body  []byte
	since time.Time
	// cut: the rest of the record comes next, in another batch.
	cut bool
}

func newSubscription(r *relay, name string, spec subscriptionRequest) *subscription {
	ctx, cancel := context.WithCancel(context.Background())
	s := &subscription{
		relay: r, name: name, spec: spec, ctx: ctx, cancel: cancel,
		done: make(chan struct{}), wake: make(chan struct{}, 1),
		client: &http.Client{Transport: &http.Transport{DialContext: dialSandbox}},
	}
	go s.run()
	return s
}

// dialSandbox resolves every name (validation lets only sandbox.localdomain pass) to this machine.
func dialSandbox(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

// close ends the subscription; what is undelivered is lost. It may be called again.
func (s *subscription) close() {
	s.cancel()
	<-s.done
}

func (s *subscription) enqueue(e event) {
	if !slices.Contains(s.spec.Types, e.class()) {
		return
	}
	pieces := e.encode(s.relay.structured && s.spec.SchemaVersion >= "2022-12-13", s.spec.Buffering.MaxBytes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) >= cmp.Or(s.relay.queue, s.spec.Buffering.MaxItems) {
		s.dropped.DroppedRecords++
		for _, piece := range pieces {
			s.dropped.DroppedBytes += len(piece)
		}
		return
	}
	s.push(pieces)
}

// push must be called with the lock held.
func (s *subscription) push(pieces [][]byte) {
	now := time.Now()
	for i, piece := range pieces {
		s.pending = append(s.pending, pendingEvent{body: piece, since: now, cut: i < len(pieces)-1})
		s.bytes += len(piece)
		if s.relay.loseCut {
			break
		}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) run() {
	defer close(s.done)
	defer s.client.CloseIdleConnections()
	for s.awaitBatch() && s.awaitThaw() {
		s.deliver(s.takeBatch())
	}
}

// awaitBatch waits for a batch that is full or old enough. It returns false when the subscription is closed.
func (s *subscription) awaitBatch() bool {
	for s.ctx.Err() == nil {
		s.mu.Lock()
		count, size := len(s.pending), s.bytes
		var age time.Duration
		if count > 0 {
			age = time.Since(s.pending[0].since)
		}
		s.mu.Unlock()
		timeout := time.Duration(s.spec.Buffering.TimeoutMs) * time.Millisecond
		if count >= s.spec.Buffering.MaxItems || size >= s.spec.Buffering.MaxBytes || age >= timeout {
			return true
		}
		var due <-chan time.Time
		if count > 0 {
			due = time.After(timeout - age)
		}
		select {
		case <-s.wake:
		case <-due:
		case <-s.ctx.Done():
		}
	}
	return false
}

// awaitThaw waits until the environment runs. It returns false when the subscription is closed.
func (s *subscription) awaitThaw() bool {
	thawed, _ := s.relay.awake()
	select {
	case <-thawed:
		return s.ctx.Err() == nil
	case <-s.ctx.Done():
		return false
	}
}

// takeBatch removes the oldest events, at most maxItems and, except for a single larger one, maxBytes of them. The
// beginning of a record that was cut is the end of its batch, which may so have twice maxBytes (Lambda Developer Guide,
// "Accessing real-time telemetry data for extensions using the Telemetry API").
func (s *subscription) takeBatch() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var batch [][]byte
	size := 0
	for len(s.pending) > 0 && len(batch) < s.spec.Buffering.MaxItems {
		next := s.pending[0]
		if len(batch) > 0 && size+len(next.body) > s.spec.Buffering.MaxBytes && !next.cut {
			break
		}
		batch, size = append(batch, next.body), size+len(next.body)
		s.pending, s.bytes = s.pending[1:], s.bytes-len(next.body)
		if next.cut {
			break
		}
	}
	if s.dropped.DroppedRecords > 0 {
		record := s.dropped
		record.Reason = droppedReason
		s.dropped = logsDroppedRecord{}
		if slices.Contains(s.spec.Types, lambdaapi.TelemetryPlatform) {
			s.push(event{time: time.Now(), kind: lambdaapi.PlatformLogsDropped, record: record}.encode(false, s.spec.Buffering.MaxBytes))
		}
	}
	return batch
}

// deliver posts a batch until it is accepted or the subscription is closed.
func (s *subscription) deliver(batch [][]byte) {
	body := append(append([]byte{'['}, bytes.Join(batch, []byte{','})...), ']')
	backoff := firstBackoff
	for s.awaitThaw() {
		start := time.Now()
		status, err := s.post(body)
		if s.ctx.Err() != nil {
			return
		}
		outcome := fmt.Sprintf("%d events, %d bytes: %d", len(batch), len(body), status)
		if err != nil {
			outcome = fmt.Sprintf("%d events, %d bytes: %v", len(batch), len(body), err)
		}
		s.relay.posted(s.name, outcome, time.Since(start))
		if err == nil && status/100 == 2 {
			return
		}
		select {
		case <-time.After(backoff):
		case <-s.ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (s *subscription) post(body []byte) (status int, err error) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	go s.watch(ctx, cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.spec.Destination.URI, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// watch calls cancel once the environment has been running for postTimeout: a frozen listener cannot answer, and giving
// up on it would deliver the batch twice. It ends with ctx.
func (s *subscription) watch(ctx context.Context, cancel context.CancelFunc) {
	start := time.Now()
	for ctx.Err() == nil {
		thawed, since := s.relay.awake()
		select {
		case <-thawed:
		case <-ctx.Done():
			return
		}
		if since.Before(start) {
			since = start
		}
		left := postTimeout - time.Since(since)
		if left <= 0 {
			cancel()
			return
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
		}
	}
}
