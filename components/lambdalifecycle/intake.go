// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	// maxWaiting bounds the bodies that wait to be consumed, in bytes: 30,000 short lines.
	maxWaiting = 4 << 20
	// chunkEvents is how many events are consumed between two looks for a body that is being read: 1.5 ms of CPU.
	chunkEvents = 1024
	// readPatience bounds how long one such look gives way. A body that has begun is there in a millisecond of CPU, which
	// takes some periods of a small function's share.
	readPatience = 20 * time.Millisecond
)

// intake takes batches of telemetry as fast as Lambda posts them, and has them consumed one after the other, in the order
// in which they came.
//
// Lambda posts one batch at a time, and drops what the function writes meanwhile beyond maxItems. With a small function's
// share of a CPU, to convert a batch takes long enough for that, to read it does not: so a batch is answered when it is
// read, and reading goes before consuming.
type intake struct {
	consume  func(context.Context, []lambdaapi.TelemetryEvent)
	consumed func([]lambdaapi.TelemetryEvent)
	reject   func(error)

	batches sync.Pool     // of *batch
	turn    chan struct{} // has room for one: whose turn it is to put something
	more    chan struct{} // has room for one: something waits
	room    chan struct{} // has room for one: something has left

	mu      sync.Mutex
	waiting []*batch
	bytes   int           // of the bodies of waiting and of the batch that is being consumed
	reading int           // bodies that are on their way
	quiet   chan struct{} // closed when reading is back at 0
	closed  bool          // nothing is consumed any more
}

// batch is one POST. Its memory is used again, because most of a busy function's garbage would be this.
type batch struct {
	body   bytes.Buffer
	events []lambdaapi.TelemetryEvent
	// reached is set on a marker, which has no body: closed when all before it are consumed.
	reached chan struct{}
}

// newIntake has consume called for the events of a batch, in one or more calls; their memory is used again after
// consumed, which gets all of them at once. What cannot be decoded or consumed (a panic in consume included) is reported to
// reject; the events before and behind a broken one are consumed all the same.
func newIntake(consume func(context.Context, []lambdaapi.TelemetryEvent), consumed func([]lambdaapi.TelemetryEvent), reject func(error)) *intake {
	return &intake{
		consume: consume, consumed: consumed, reject: reject,
		turn: make(chan struct{}, 1), more: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

// read has a batch read by fill, which goes before consuming.
func (q *intake) read(fill func(*batch) error) (*batch, error) {
	b, ok := q.batches.Get().(*batch)
	if !ok {
		b = &batch{}
	}
	q.mu.Lock()
	if q.reading++; q.reading == 1 {
		q.quiet = make(chan struct{})
	}
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.reading--; q.reading == 0 {
			close(q.quiet)
		}
	}()
	return b, fill(b)
}

// put takes a batch over when there is room for it. accept is called before it is consumed. It returns false if the batch
// was not taken, because ctx has ended or nothing is consumed any more.
func (q *intake) put(ctx context.Context, b *batch, accept func()) bool {
	if !q.lock(ctx) {
		return false
	}
	defer q.unlock()
	for {
		reserved, open := q.reserve(b.body.Len())
		if reserved {
			break
		}
		if !open {
			return false
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			return false
		}
	}
	accept()
	if !q.push(b) {
		q.abandon(b)
	}
	return true
}

// lock waits for the turn to put something. It returns false if ctx ends before.
func (q *intake) lock(ctx context.Context) bool {
	select {
	case q.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (q *intake) unlock() { <-q.turn }

// reserve takes room for a body, which a single one always has. open is false if nothing is consumed any more.
func (q *intake) reserve(n int) (reserved, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.bytes > 0 && q.bytes+n > maxWaiting {
		return false, !q.closed
	}
	q.bytes += n
	return true, true
}

// push returns false if nothing is consumed any more.
func (q *intake) push(b *batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, b)
	signal(q.more)
	return true
}

func (q *intake) pop() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	b := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return b
}

// free gives back the room and the memory of a batch.
func (q *intake) free(b *batch) {
	q.mu.Lock()
	q.bytes -= b.body.Len()
	q.mu.Unlock()
	signal(q.room)
	q.batches.Put(b)
}

// drain waits until everything is consumed that was accepted before: of the last batch, Lambda may know that before it is
// put.
func (q *intake) drain(ctx context.Context) {
	marker := &batch{reached: make(chan struct{})}
	if !q.lock(ctx) {
		return
	}
	open := q.push(marker)
	q.unlock()
	if !open {
		return
	}
	select {
	case <-marker.reached:
	case <-ctx.Done():
	}
}

// run consumes until ctx ends. What waits then is abandoned.
func (q *intake) run(ctx context.Context) {
	defer q.close()
	for ctx.Err() == nil {
		b := q.pop()
		switch {
		case b == nil:
			select {
			case <-q.more:
			case <-ctx.Done():
			}
		case b.reached != nil:
			close(b.reached)
		default:
			q.take(b)
			q.free(b)
		}
	}
}

func (q *intake) close() {
	q.mu.Lock()
	left := q.waiting
	q.waiting, q.closed = nil, true
	q.mu.Unlock()
	signal(q.room)
	for _, b := range left {
		if b.reached == nil {
			q.abandon(b)
		} else {
			close(b.reached)
		}
	}
}

// abandon tells of a batch that Lambda has an answer to.
func (q *intake) abandon(b *batch) {
	q.reject(fmt.Errorf("the Collector ends before %d bytes of telemetry are consumed", b.body.Len()))
}

func (q *intake) take(b *batch) {
	var err error
	b.events, err = lambdaapi.AppendTelemetry(b.events[:0], b.body.Bytes())
	if err != nil {
		q.reject(err)
	}
	if len(b.events) == 0 {
		return
	}
	for chunk := range slices.Chunk(b.events, chunkEvents) {
		q.giveWay()
		q.deliver(chunk)
	}
	q.consumed(b.events)
}

// deliver has no context that ends: half a batch consumed would be worse than a whole one late.
func (q *intake) deliver(events []lambdaapi.TelemetryEvent) {
	defer func() {
		if p := recover(); p != nil {
			q.reject(fmt.Errorf("consume telemetry batch: panic: %v", p))
		}
	}()
	q.consume(context.Background(), events)
}

// giveWay waits while a body is being read.
func (q *intake) giveWay() {
	q.mu.Lock()
	reading, quiet := q.reading > 0, q.quiet
	q.mu.Unlock()
	if !reading {
		return
	}
	patience := time.NewTimer(readPatience)
	defer patience.Stop()
	select {
	case <-quiet:
	case <-patience.C:
	}
}

// signal makes sure that c, which has room for one, holds one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
