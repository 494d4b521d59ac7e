// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// lengthsOf returns the lengths of a Huffman code for symbols that are used so often, none longer than limit bits; 0 for
// those that are not used. At least two get a length: a code of one is not complete, which not all decoders take.
func lengthsOf(used []int, limit int) []uint8 {
	used = slices.Clone(used)
	for i := 0; countPositive(used) < 2; i++ {
		used[i] = max(used[i], 1)
	}
	for {
		lengths := huffman(used)
		if int(slices.Max(lengths)) <= limit {
			return lengths
		}
		for i, n := range used { // flatter, until it fits
			used[i] = (n + 1) / 2
		}
	}
}

func countPositive(used []int) int {
	n := 0
	for _, u := range used {
		if u > 0 {
			n++
		}
	}
	return n
}

// huffman returns the lengths of an optimal code for at least two symbols.
func huffman(used []int) []uint8 {
	type node struct{ weight, parent int }
	var order []int // the symbols, the rarest first
	for i, n := range used {
		if n > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(used[a], used[b]) })
	nodes := make([]node, 0, 2*len(order))
	for _, i := range order {
		nodes = append(nodes, node{weight: used[i]})
	}
	leaf, inner := 0, len(order) // the lightest that has no parent yet, of either kind
	lightest := func() *node {
		if leaf < len(order) && (inner == len(nodes) || nodes[leaf].weight <= nodes[inner].weight) {
			leaf++
			return &nodes[leaf-1]
		}
		inner++
		return &nodes[inner-1]
	}
	for len(nodes) < 2*len(order)-1 {
		a := lightest()
		b := lightest()
		a.parent, b.parent = len(nodes), len(nodes)
		nodes = append(nodes, node{weight: a.weight + b.weight})
	}
	depth := make([]uint8, len(nodes))
	lengths := make([]uint8, len(used))
	for i := len(nodes) - 2; i >= 0; i-- {
		depth[i] = depth[nodes[i].parent] + 1
		if i < len(order) {
			lengths[order[i]] = depth[i]
		}
	}
	return lengths
}

// codesOf returns the codes that belong to the lengths (RFC 1951, 3.2.2), the first bit lowest.
func codesOf(lengths []uint8) []uint {
	var number, next [16]uint // of codes of each length; the next of them
	for _, n := range lengths {
		number[n]++
	}
	number[0] = 0
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + number[n-1]) << 1
	}
	codes := make([]uint, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			codes[i] = uint(bits.Reverse16(uint16(next[n])) >> (16 - n))
			next[n]++
		}
	}
	return codes
}
