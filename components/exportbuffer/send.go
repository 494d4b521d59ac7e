// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// maxConcurrent is how many requests of one exporter and signal are in flight at a time. A flush is a handful of
	// requests, so this hides all but one or two of their round trips; each takes a few times its size in memory and
	// shares a fraction of a CPU for compression, so that more would not be faster.
	maxConcurrent = 4

	// evidenceTime is how long a flush must have lasted for its being cut short to say something about the backend.
	evidenceTime = 100 * time.Millisecond
)

// try carries out a plan, a second time on new connections if the first one fails like a connection that died while it
// was not used, and tells the breaker and the report how it went.
func (b *buffer[T]) try(ctx context.Context, p plan) error {
	started, began := time.Now(), b.env.now()
	if b.connection.presumedDead(b.env.now()) {
		b.renew(ctx)
	}
	res := b.send(ctx, p)
	b.connection.note(res, b.env.now())
	if b.connection.worthAnother(res) && ctx.Err() == nil && b.renew(ctx) {
		// If there was no time left to send anything, the first failure stands.
		if again := b.send(ctx, p); again.answered || again.err != nil {
			res = again
			b.connection.note(res, b.env.now())
		}
	}
	switch {
	case res.err == nil:
		if res.delivered {
			b.refusal = refusal{}
		}
		if res.answered {
			b.usual = res.longest
			b.breaker.succeed()
		}
		if b.queue.waiting(p.bound) && !p.once {
			return cmp.Or(ctx.Err(), errNoTime)
		}
		return nil
	case retryAfter(res.err) > 0:
		b.breaker.fail(began, retryAfter(res.err))
	case res.answered:
		b.breaker.succeed()
	case ctx.Err() == nil || time.Since(started) >= evidenceTime:
		b.breaker.fail(began, 0)
	}
	b.report.fail(res.err, b.breaker.tripped())
	return res.err
}

// plan is what is to be sent.
type plan struct {
	limit   int    // bytes of a request
	bound   uint64 // nothing younger
	workers int
	once    bool // one request only
}

// result is how it went. A failure ends the sending.
type result struct {
	mu        sync.Mutex
	answered  bool          // a request was delivered or refused for good
	delivered bool          // a request was delivered
	longest   time.Duration // that a request has taken which was answered
	err       error
}

func (r *result) add(took time.Duration, o outcome, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.answered, r.longest = true, max(r.longest, took)
		r.delivered = r.delivered || o == delivered
	} else if r.err == nil {
		r.err = err
	}
}

// mayGoOn says whether another request should begin: not after a failure, nor so late that it would likely be cut
// short, because what is cut short may arrive all the same, and then twice.
func (r *result) mayGoOn(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && r.err == nil && (!ok || time.Until(deadline) >= r.longest)
}

// send carries out a plan and returns when the last call of the exporter has.
func (b *buffer[T]) send(ctx context.Context, p plan) *result {
	res := &result{}
	if res.err = b.awaitStart(ctx); res.err != nil {
		return res
	}
	exporter := b.inner.Load()
	work := func() {
		for res.mayGoOn(ctx) {
			request, ok := b.queue.take(p.limit, p.bound)
			if !ok {
				return
			}
			b.sendParts(ctx, exporter, request, res)
			if p.once {
				return
			}
		}
	}
	var workers sync.WaitGroup
	for range min(p.workers, b.queue.requests(p.limit)) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
	return res
}

// sendOne sends one request and decides about its data, unless it is malformed. It returns an error if the data is kept
// for a later flush.
func (b *buffer[T]) sendOne(ctx context.Context, exporter *inner[T], request item[T]) (outcome, error) {
	data := request.data
	if exporter.mutates {
		data = b.sig.clone(data)
	}
	err := exporter.consume(ctx, data)
	o := classify(ctx, err)
	if o != delivered && o != tooLarge && isRefused(err) {
		err = &refusedError{err, b.set.ID}
		if b.mayRenew() {
			o = retryable
		}
	}
	if o == malformed && !b.mayDivide(request) {
		o = rejected
	}
	switch o {
	case delivered:
		b.queue.budget.release(request.size)
		b.queue.speedUp(request.size)
		b.report.deliver(request.count)
		b.divisions.Store(0)
	case rejected:
		b.queue.budget.release(request.size)
		b.report.drop(reasonRejected, request.count, err)
	case tooLarge:
		if request.count == 1 || request.size <= minRequest {
			b.queue.budget.release(request.size)
			b.report.drop(reasonTooLarge, request.count, err)
			break
		}
		b.queue.shrink(request.size)
		b.keep(request)
	case retryable:
		if ctx.Err() != nil {
			b.queue.slow(request.size)
		}
		if part, ok := b.sig.failedPart(err); ok && b.sig.count(part) > 0 {
			request = b.narrow(request, part)
		}
		b.keep(request)
		return o, err
	}
	return o, nil
}

func (b *buffer[T]) keep(request item[T]) {
	b.report.count(func(s *counters) { s.Retried += int64(request.count) })
	b.queue.restore(request)
}

// narrow reduces a request to the part that was not delivered.
func (b *buffer[T]) narrow(request item[T], part T) item[T] {
	size, count := b.sig.size(part), b.sig.count(part)
	b.queue.budget.release(request.size - size)
	b.report.deliver(request.count - count)
	request.data, request.size, request.count = part, size, count
	return request
}
