// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

// unit is how many tokens a block has at least.
const unit = 1024

// split divides the tokens of a chunk where codes of their own save more than it costs to write them down.
func split(tokens []token) [][]token {
	type part struct {
		tokens []token
		counts counts
		bits   int
		saved  int // by joining it with the next one
	}
	var parts []part
	for len(tokens) > 0 {
		n := min(unit, len(tokens))
		c := count(tokens[:n])
		parts = append(parts, part{tokens: tokens[:n:n], counts: c, bits: c.bits()})
		tokens = tokens[n:]
	}
	saving := func(i int) int {
		joined := parts[i].counts.plus(parts[i+1].counts)
		return parts[i].bits + parts[i+1].bits - joined.bits()
	}
	for i := range len(parts) - 1 {
		parts[i].saved = saving(i)
	}
	for {
		best := -1
		for i := range len(parts) - 1 {
			if parts[i].saved > 0 && (best < 0 || parts[i].saved > parts[best].saved) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		joined := part{counts: parts[best].counts.plus(parts[best+1].counts)}
		joined.tokens = append(parts[best].tokens, parts[best+1].tokens...)
		joined.bits = joined.counts.bits()
		parts[best] = joined
		parts = append(parts[:best+1], parts[best+2:]...)
		for _, i := range []int{best - 1, best} {
			if i >= 0 && i+1 < len(parts) {
				parts[i].saved = saving(i)
			}
		}
	}
	blocks := make([][]token, len(parts))
	for i, p := range parts {
		blocks[i] = p.tokens
	}
	return blocks
}
