// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

// block is a block with codes of its own (RFC 1951, 3.2.7).
type block struct {
	tokens []token
	counts counts
	bits   int // its size
}

func newBlock(tokens []token) block {
	c := count(tokens)
	return block{tokens, c, c.bits()}
}

// Lengths of codes, in bits at most.
const (
	maxCode       = 15
	maxCodeOfCode = 7
)

// bits is the size of a block with these symbols.
func (c *counts) bits() int {
	literals, distances := lengthsOf(c.literals[:], maxCode), lengthsOf(c.distances[:], maxCode)
	var w bitWriter
	writeCodes(&w, literals, distances)
	size := 3 + 8*len(w.bytes) + w.filled
	for i, n := range c.literals {
		size += n * int(literals[i])
	}
	for length := minMatch; length <= maxMatch; length++ {
		if s := lengthSymbol(length); s.extra == 0 {
			size += c.literals[s.code] * s.extraBits
		}
	}
	for code, n := range c.distances {
		size += n * (int(distances[code]) + max(0, code/2-1))
	}
	return size
}

// write writes the block.
func (b block) write(w *bitWriter) {
	const dynamic = 2 << 1 // the type, behind the bit that the last block has
	w.write(dynamic, 3)
	literals, distances := lengthsOf(b.counts.literals[:], maxCode), lengthsOf(b.counts.distances[:], maxCode)
	writeCodes(w, literals, distances)
	literalCodes, distanceCodes := codesOf(literals), codesOf(distances)
	for _, t := range b.tokens {
		if t.length == 0 {
			w.write(literalCodes[t.literal], int(literals[t.literal]))
			continue
		}
		s := lengthSymbol(int(t.length))
		w.write(literalCodes[s.code], int(literals[s.code]))
		w.write(s.extra, s.extraBits)
		s = distanceSymbol(int(t.distance))
		w.write(distanceCodes[s.code], int(distances[s.code]))
		w.write(s.extra, s.extraBits)
	}
	w.write(literalCodes[endSymbol], int(literals[endSymbol]))
}

// codeOrder is the order in which the lengths of the code of the code lengths are written.
var codeOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// writeCodes writes the lengths of the codes, as a third code.
func writeCodes(w *bitWriter, literals, distances []uint8) {
	literals, distances = trim(literals, endSymbol+1), trim(distances, 1)
	runs := runsOf(append(literals[:len(literals):len(literals)], distances...))
	used := make([]int, len(codeOrder))
	for _, r := range runs {
		used[r.code]++
	}
	lengths := lengthsOf(used, maxCodeOfCode)
	codes := codesOf(lengths)
	n := len(codeOrder)
	for n > 4 && lengths[codeOrder[n-1]] == 0 {
		n--
	}
	w.write(uint(len(literals)-257), 5)
	w.write(uint(len(distances)-1), 5)
	w.write(uint(n-4), 4)
	for _, code := range codeOrder[:n] {
		w.write(uint(lengths[code]), 3)
	}
	for _, r := range runs {
		w.write(codes[r.code], int(lengths[r.code]))
		w.write(r.extra, r.extraBits)
	}
}

// trim cuts zeros off the end, down to n lengths.
func trim(lengths []uint8, n int) []uint8 {
	for len(lengths) > n && lengths[len(lengths)-1] == 0 {
		lengths = lengths[:len(lengths)-1]
	}
	return lengths
}

// runsOf writes a sequence of code lengths with the symbols for repetitions.
func runsOf(lengths []uint8) []symbol {
	var runs []symbol
	for i := 0; i < len(lengths); {
		n := 1
		for i+n < len(lengths) && lengths[i+n] == lengths[i] {
			n++
		}
		repeat := func(code, least, most, extraBits int) {
			for n >= least {
				m := min(n, most)
				runs = append(runs, symbol{code, uint(m - least), extraBits})
				n, i = n-m, i+m
			}
		}
		value := symbol{code: int(lengths[i])}
		if value.code == 0 {
			repeat(18, 11, 138, 7)
			repeat(17, 3, 10, 3)
		} else {
			runs = append(runs, value)
			n, i = n-1, i+1
			repeat(16, 3, 6, 2)
		}
		for ; n > 0; n-- {
			runs = append(runs, value)
			i++
		}
	}
	return runs
}
