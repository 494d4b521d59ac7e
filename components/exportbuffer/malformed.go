// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"time"
)

// maxDivisions is how many times requests are divided that the backend cannot read, until it takes something again. A
// request holds at most some 2^14 records, so that 14 divisions find one that it cannot read, even if that is the
// oldest. If that does not do for all requests in flight, it is not a matter of single records: then each request costs
// one attempt.
const maxDivisions = 14 * maxConcurrent

// sendParts sends a request, or its halves, and theirs, as long as the backend cannot read them: the records that it
// cannot read end alone, and are dropped.
func (b *buffer[T]) sendParts(ctx context.Context, exporter *inner[T], request item[T], res *result) {
	parts := []item[T]{request} // the oldest is the last
	for {
		part := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		begun := time.Now()
		o, err := b.sendOne(ctx, exporter, part)
		res.add(time.Since(begun), o, err)
		if o == malformed {
			parts = b.queue.halve(parts, part)
		}
		if len(parts) == 0 || !res.mayGoOn(ctx) {
			break
		}
	}
	for _, part := range parts {
		b.keep(part)
	}
}

// mayDivide says that a request which the backend cannot read is worth a search for those of its records that it can.
func (b *buffer[T]) mayDivide(request item[T]) bool {
	return request.count > 1 && b.divisions.Add(1) <= maxDivisions
}

// halve appends the halves of an item that was taken to parts, the older one last.
func (q *queue[T]) halve(parts []item[T], it item[T]) []item[T] {
	head, rest := q.cut(it, it.size/2)
	if rest.count > 0 {
		parts = append(parts, rest)
	}
	q.recount(it, head, rest)
	return append(parts, head)
}
