// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"slices"
	"sort"

	"go.opentelemetry.io/collector/pipeline"
)

const (
	// maxRequest is the size of the largest request, in bytes of OTLP protobuf before compression. gRPC servers
	// accept 4 MiB unless they are configured otherwise; the margin is for what an exporter may add.
	maxRequest = 4<<20 - 64<<10

	// worthwhile is how much must have come in for it to be sent while the function still runs. In memory it is four times
	// as large, and this keeps the layer at 39 MB where whole requests took 85; it costs no more CPU. Logs are not sent
	// so soon: while a function writes thousands of lines, all CPU is needed to take them from Lambda, which drops what
	// nobody takes in time.
	worthwhile = 128 << 10

	// minRequest is where halving the requests for a backend that finds them too large ends: no backend is known to
	// accept less, and what it then still refuses is dropped.
	minRequest = 64 << 10

	// evictChunk is how much of a large item is dropped at a time, so that one new record does not cost megabytes of
	// older ones.
	evictChunk = 256 << 10
)

// item is data that is accepted together or sent together.
type item[T any] struct {
	data  T
	size  int // bytes of OTLP protobuf
	count int // records
	seq   uint64
}

// queue holds what waits to be sent, oldest first. What has been taken from it still counts in the budget, until it
// is restored or released.
type queue[T any] struct {
	sig    signal[T]
	budget *budget
	// dropped is told of every record that is evicted or drained. The lock is held: it must not wait.
	dropped func(reason dropReason, records int)

	// Guarded by budget.mu.
	items   []item[T]
	limit   int // bytes of a request; after one that was cut short they begin small, and double
	ceiling int // bytes of the largest request that the backend takes
	fresh   int // bytes accepted since the last call of settle
	closed  bool
	drained bool
}

func newQueue[T any](sig signal[T], budget *budget, dropped func(dropReason, int)) *queue[T] {
	q := &queue[T]{sig: sig, budget: budget, dropped: dropped, limit: maxRequest, ceiling: maxRequest}
	budget.join(q)
	return q
}

// put appends data. It reports how much has come in since the last settle.
func (q *queue[T]) put(data T, size, count int) (amount, error) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	if q.closed {
		return little, errShutdown
	}
	if size > q.budget.limit {
		return little, errOversized
	}
	if !q.budget.makeRoom(size) {
		q.dropped(reasonBufferFull, count)
		return little, nil
	}
	q.budget.used += size
	q.items = append(q.items, item[T]{data, size, count, q.budget.nextSeq()})
	q.fresh += size
	return q.arrived(), nil
}

// amount is how much has come in.
type amount int

const (
	little amount = iota
	// some is worth a request.
	some
	// full is a request of the largest size.
	full
)

// arrived is the amount since the last settle. The lock is held.
func (q *queue[T]) arrived() amount {
	switch {
	case q.fresh >= q.ceiling:
		return full
	case q.fresh >= worthwhile && q.sig.kind != pipeline.SignalLogs:
		return some
	default:
		return little
	}
}

// take removes the oldest data, if it is not younger than bound, as one request of at most limit bytes (or one record).
func (q *queue[T]) take(limit int, bound uint64) (item[T], bool) {
	taken, limit := q.pop(limit, bound)
	if len(taken) == 0 {
		return item[T]{}, false
	}
	request := taken[0]
	for _, next := range taken[1:] {
		q.sig.move(next.data, request.data)
		request.size += next.size
		request.count += next.count
	}
	if request.size > limit {
		request = q.divide(request, limit)
	}
	return request, true
}

// pop removes the oldest items as long as they fit in limit bytes together, and the oldest one even if it does not.
func (q *queue[T]) pop(limit int, bound uint64) ([]item[T], int) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	limit = min(limit, q.limit)
	n, size := 0, 0
	for _, it := range q.items {
		if it.seq > bound || (n > 0 && size+it.size > limit) {
			break
		}
		n++
		size += it.size
	}
	taken := slices.Clone(q.items[:n])
	q.discard(n)
	return taken, limit
}

// divide cuts off the front of an item that was taken, and puts the rest back.
func (q *queue[T]) divide(it item[T], limit int) item[T] {
	head, rest := q.cut(it, limit)
	if rest.count > 0 {
		q.restore(rest)
	}
	q.recount(it, head, rest)
	return head
}

// recount counts the parts of an item that was taken instead of it.
func (q *queue[T]) recount(it, head, rest item[T]) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	q.budget.used += head.size - it.size
	if rest.count > 0 {
		q.budget.used += rest.size
	}
	// A resource or scope that is now in both parts made them larger together.
	q.budget.makeRoom(0)
}

// cut divides an item that holds records in two, the first of which holds at least one.
func (q *queue[T]) cut(it item[T], limit int) (head, rest item[T]) {
	head = item[T]{seq: it.seq}
	for head.count == 0 { // resources without records are left out
		head.data = q.sig.empty()
		q.sig.cut(it.data, head.data, limit)
		head.count = q.sig.count(head.data)
	}
	head.size = q.sig.size(head.data)
	return head, item[T]{it.data, q.sig.size(it.data), it.count - head.count, it.seq + 1}
}

// restore puts back what was taken, where it was.
func (q *queue[T]) restore(it item[T]) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	if q.drained {
		q.budget.used -= it.size
		q.dropped(reasonShutdown, it.count)
		return
	}
	at := sort.Search(len(q.items), func(i int) bool { return q.items[i].seq >= it.seq })
	q.items = slices.Insert(q.items, at, it)
}

// shrink makes requests smaller from now on, because one of size bytes was too large for the backend.
func (q *queue[T]) shrink(size int) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	q.ceiling = max(minRequest, min(q.ceiling, size/2))
	q.limit = min(q.limit, q.ceiling)
}

// slow makes requests smaller for a while, because one of size bytes did not end in time: on a CPU as small as that of
// a function with 128 MB, one of 4 MiB may not, however often it is tried.
func (q *queue[T]) slow(size int) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	q.limit = min(q.limit, max(minRequest, size/4))
}

// speedUp makes them larger again, if they are as large as they may be.
func (q *queue[T]) speedUp(size int) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	if size >= q.limit/2 {
		q.limit = min(q.ceiling, 2*q.limit)
	}
}

// youngest returns a bound that takes in all that is waiting, and the parts that it may be cut into; false if nothing
// is.
func (q *queue[T]) youngest() (seq uint64, ok bool) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[len(q.items)-1].seq | (seqStep - 1), true
}

// requests estimates how many requests of at most limit bytes wait.
func (q *queue[T]) requests(limit int) int {
	_, bytes := q.size()
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	return 1 + bytes/min(limit, q.limit)
}

// waiting reports whether anything waits that is not younger than bound.
func (q *queue[T]) waiting(bound uint64) bool {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	return len(q.items) > 0 && q.items[0].seq <= bound
}

// settle says that a flush has ended: put counts from here.
func (q *queue[T]) settle() {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	q.fresh = 0
}

// ready reports whether what has come in since the last settle is worth a request.
func (q *queue[T]) ready() bool {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	return q.arrived() != little
}

// size returns the records and bytes that wait.
func (q *queue[T]) size() (records, bytes int) {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	for _, it := range q.items {
		records += it.count
		bytes += it.size
	}
	return records, bytes
}

// close makes put fail from now on. It returns false if it did already.
func (q *queue[T]) close() bool {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	was := q.closed
	q.closed = true
	return !was
}

// drain drops everything, now and later.
func (q *queue[T]) drain() {
	q.budget.mu.Lock()
	defer q.budget.mu.Unlock()
	q.drained = true
	for _, it := range q.items {
		q.budget.used -= it.size
		q.dropped(reasonShutdown, it.count)
	}
	q.items = nil
	q.budget.queues = slices.DeleteFunc(q.budget.queues, func(e evictable) bool { return e == q })
}

func (q *queue[T]) oldest() (seq uint64, ok bool) {
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[0].seq, true
}

func (q *queue[T]) evict(need int) int {
	it := q.items[0]
	if it.size <= max(need, evictChunk) {
		q.discard(1)
		q.dropped(reasonBufferFull, it.count)
		return it.size
	}
	head, rest := q.cut(it, max(need, evictChunk))
	q.dropped(reasonBufferFull, head.count)
	if rest.count == 0 {
		q.discard(1)
		return it.size
	}
	q.items[0] = rest
	return it.size - rest.size
}

// discard forgets the n oldest items. The lock is held.
func (q *queue[T]) discard(n int) {
	clear(q.items[:n])
	q.items = q.items[n:]
}
