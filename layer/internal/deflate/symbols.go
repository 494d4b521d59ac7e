// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

import "math/bits"

// Limits of the format.
const (
	minMatch  = 3
	maxMatch  = 258
	window    = 32 << 10
	endSymbol = 256 // of a block
)

// token is a literal, or a match: so many bytes, as they were so far back.
type token struct {
	length   uint16 // 0: a literal
	distance uint16
	literal  byte
}

// size is how many bytes of data the token stands for.
func (t token) size() int { return max(int(t.length), 1) }

// symbol is what a length or a distance is written as: a symbol of its alphabet, and so many extra bits.
type symbol struct {
	code      int
	extra     uint
	extraBits int
}

// lengthSymbol of a match length, 3 to 258 (RFC 1951, 3.2.5).
func lengthSymbol(length int) symbol {
	if length == maxMatch {
		return symbol{code: 285}
	}
	return ranged(length-minMatch, 2).plus(257)
}

// distanceSymbol of a distance, 1 to 32,768 (RFC 1951, 3.2.5).
func distanceSymbol(distance int) symbol { return ranged(distance-1, 1) }

// ranged makes the symbol of n in an alphabet of ranges, of which 2^shift have the same number of extra bits (the first
// have none).
func ranged(n, shift int) symbol {
	if n < 2<<shift {
		return symbol{code: n}
	}
	extraBits := bits.Len(uint(n)) - 1 - shift
	return symbol{extraBits<<shift + n>>extraBits, uint(n & (1<<extraBits - 1)), extraBits}
}

func (s symbol) plus(code int) symbol { s.code += code; return s }

// counts says how often each symbol is used.
type counts struct {
	literals  [286]int // and lengths
	distances [30]int
}

// count counts the symbols of a block.
func count(tokens []token) counts {
	var c counts
	c.literals[endSymbol] = 1
	for _, t := range tokens {
		if t.length == 0 {
			c.literals[t.literal]++
		} else {
			c.literals[lengthSymbol(int(t.length)).code]++
			c.distances[distanceSymbol(int(t.distance)).code]++
		}
	}
	return c
}

// plus adds the symbols of the block behind.
func (c counts) plus(other counts) counts {
	for i, n := range other.literals {
		c.literals[i] += n
	}
	for i, n := range other.distances {
		c.distances[i] += n
	}
	c.literals[endSymbol] = 1
	return c
}
