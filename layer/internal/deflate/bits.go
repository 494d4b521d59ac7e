// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

// bitWriter fills bytes from their lowest bit.
type bitWriter struct {
	bytes  []byte
	buffer uint64
	filled int // bits of the buffer: less than 8 between writes
}

// write writes the n lowest bits, at most 32.
func (w *bitWriter) write(bits uint, n int) {
	w.buffer |= uint64(bits) << w.filled
	for w.filled += n; w.filled >= 8; w.filled -= 8 {
		w.bytes = append(w.bytes, byte(w.buffer))
		w.buffer >>= 8
	}
}

// end writes an empty last block, and returns all.
func (w *bitWriter) end() []byte {
	const lastFixed = 1 | 1<<1
	w.write(lastFixed, 3)
	w.write(0, 7) // the end symbol of the fixed code
	if w.filled > 0 {
		w.write(0, 8-w.filled)
	}
	return w.bytes
}
