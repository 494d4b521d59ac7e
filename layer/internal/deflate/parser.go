// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

import "math"

// maxChain bounds how many earlier places with the same three bytes are looked at. 128 make an executable 0.3 % larger, in
// two thirds of the time.
const maxChain = 400

// parser finds the cheapest tokens for parts of a chunk.
type parser struct {
	data []byte
	from int
	// matches of the position from+i are found[first[i]:first[i+1]], ever longer ones from ever further back: the
	// nearest of each length.
	found []token
	first []int32
}

func newParser(data []byte, from, to int) *parser {
	p := &parser{data: data, from: from, first: make([]int32, 1, to-from+1)}
	chains := newChains(data[:to])
	for i := max(0, from-window); i < from; i++ {
		chains.add(i)
	}
	for i := from; i < to; i++ {
		p.found = chains.matches(i, p.found)
		p.first = append(p.first, int32(len(p.found)))
		chains.add(i)
	}
	return p
}

// parse returns the cheapest tokens for data[from:to]: the shortest path from byte to byte, a token being an edge.
func (p *parser) parse(from, to int, c *costs) []token {
	cost := make([]float32, to-from+1)
	last := make([]token, to-from+1) // the last token of the cheapest way there
	for i := range cost[1:] {
		cost[i+1] = math.MaxFloat32
	}
	for i := range to - from {
		at := from - p.from + i
		literal := p.data[from+i]
		if sum := cost[i] + c.literals[literal]; sum < cost[i+1] {
			cost[i+1], last[i+1] = sum, token{literal: literal}
		}
		length := minMatch
		for _, m := range p.found[p.first[at]:p.first[at+1]] {
			so := cost[i] + c.distances[distanceSymbol(int(m.distance)).code]
			longest := min(int(m.length), to-from-i)
			if m.length == maxMatch { // in a long repetition all but the longest is a waste of time
				length = max(length, longest)
			}
			for ; length <= longest; length++ {
				if sum := so + c.lengths[length]; sum < cost[i+length] {
					cost[i+length], last[i+length] = sum, token{length: uint16(length), distance: m.distance}
				}
			}
		}
	}
	n := 0
	for i := to - from; i > 0; i -= last[i].size() {
		n++
	}
	tokens := make([]token, n)
	for i := to - from; i > 0; i -= last[i].size() {
		n--
		tokens[n] = last[i]
	}
	return tokens
}

// chains remember where each three bytes were seen, the latest place first.
type chains struct {
	data []byte
	head []int32       // by hash: the latest position + 1
	prev [window]int32 // by position: the one before, + 1
}

const hashBits = 16

func newChains(data []byte) *chains { return &chains{data: data, head: make([]int32, 1<<hashBits)} }

func (c *chains) hash(at int) uint32 {
	three := uint32(c.data[at]) | uint32(c.data[at+1])<<8 | uint32(c.data[at+2])<<16
	return three * 0x9e3779b1 >> (32 - hashBits)
}

func (c *chains) add(at int) {
	if at+minMatch <= len(c.data) {
		h := c.hash(at)
		c.prev[at%window] = c.head[h]
		c.head[h] = int32(at + 1)
	}
}

// matches appends the matches of a position.
func (c *chains) matches(at int, to []token) []token {
	limit := min(len(c.data)-at, maxMatch)
	if limit < minMatch {
		return to
	}
	best := minMatch - 1
	candidate := int(c.head[c.hash(at)]) - 1
	for range maxChain {
		if candidate < 0 || at-candidate > window {
			break
		}
		if c.data[candidate+best] == c.data[at+best] {
			length := 0
			for length < limit && c.data[candidate+length] == c.data[at+length] {
				length++
			}
			if length > best {
				best = length
				to = append(to, token{length: uint16(length), distance: uint16(at - candidate)})
				if length == limit {
					break
				}
			}
		}
		next := int(c.prev[candidate%window]) - 1
		if next >= candidate {
			break // overwritten: it is further back than the window
		}
		candidate = next
	}
	return to
}
