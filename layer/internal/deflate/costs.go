// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

import "math"

// costs are estimates of what tokens cost, in bits.
type costs struct {
	literals  [256]float32
	lengths   [maxMatch + 1]float32
	distances [30]float32 // by code, with the extra bits
}

// firstCosts are a guess: all literals alike, all lengths, all distances; twice as many literals as matches.
func firstCosts() *costs {
	var c counts
	for i := range c.literals {
		c.literals[i] = 2
		if i > endSymbol {
			c.literals[i] = 9
		}
	}
	for i := range c.distances {
		c.distances[i] = 8
	}
	return costsOf(c)
}

// costsOf are the costs by the entropy of the symbols, which no code can beat and Huffman's come near.
func costsOf(n counts) *costs {
	var c costs
	literals, distances := entropy(n.literals[:]), entropy(n.distances[:])
	for i := range c.literals {
		c.literals[i] = literals[i]
	}
	for length := minMatch; length <= maxMatch; length++ {
		s := lengthSymbol(length)
		c.lengths[length] = literals[s.code] + float32(s.extraBits)
	}
	for distance := 1; distance <= window; distance++ {
		s := distanceSymbol(distance)
		c.distances[s.code] = distances[s.code] + float32(s.extraBits)
	}
	return &c
}

// entropy is what each symbol costs. One that was not used costs what one does that was used once.
func entropy(used []int) []float32 {
	sum := 1
	for _, n := range used {
		sum += n
	}
	bits := make([]float32, len(used))
	for i, n := range used {
		bits[i] = float32(math.Log2(float64(sum)) - math.Log2(float64(max(n, 1))))
	}
	return bits
}
