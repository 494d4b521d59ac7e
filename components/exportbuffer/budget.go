// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"math"
	"sync"
)

// budget bounds the bytes that all the buffers of a process hold together, queued or being sent. They are counted as
// OTLP protobuf: decoded in memory the same data takes a few times as much, so the limit should be a small part of the
// function's memory.
//
// Its lock guards the queues as well: that makes the oldest data of all exporters known.
type budget struct {
	limit int

	mu     sync.Mutex
	used   int
	seq    uint64
	queues []evictable
}

// evictable is a queue as the budget sees it. The budget's lock is held.
type evictable interface {
	// oldest returns the age of the oldest data that is waiting; false if none is.
	oldest() (seq uint64, ok bool)
	// evict drops the oldest data that is waiting, at least need bytes of it if there are as many, and returns how
	// many bytes that gave back.
	evict(need int) int
}

// newBudget returns a budget of limitBytes.
func newBudget(limitBytes int64) *budget {
	return &budget{limit: int(min(limitBytes, math.MaxInt))}
}

// seqStep leaves room between the ages of two accepted items for the parts that one may be cut into.
const seqStep = 1 << 20

// nextSeq returns the age of data that is accepted now. The lock is held.
func (b *budget) nextSeq() uint64 {
	b.seq += seqStep
	return b.seq
}

// makeRoom drops the oldest waiting data of all queues until n more bytes fit. It returns false if they do not,
// because too much is being sent. The lock is held.
func (b *budget) makeRoom(n int) bool {
	for b.used+n > b.limit {
		victim := b.oldest()
		if victim == nil {
			return false
		}
		b.used -= victim.evict(b.used + n - b.limit)
	}
	return true
}

func (b *budget) oldest() evictable {
	var victim evictable
	age := uint64(math.MaxUint64)
	for _, q := range b.queues {
		if seq, ok := q.oldest(); ok && seq < age {
			victim, age = q, seq
		}
	}
	return victim
}

func (b *budget) join(q evictable) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queues = append(b.queues, q)
}

func (b *budget) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}
