// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

const (
	// textChunk is how much text shares one allocation: some hundred lines. It stays as long as one of them does.
	textChunk = 16 << 10
	// longText gets an allocation of its own, so that not much of a chunk is left unused.
	longText = textChunk / 16
)

// texts makes strings that lie side by side in memory, because most of what a line costs would be their allocation.
type texts struct{ chunk strings.Builder }

// copy returns the text as a string.
func (t *texts) copy(text []byte) string {
	if len(text) > longText {
		return string(text)
	}
	if t.chunk.Cap()-t.chunk.Len() < len(text) {
		t.chunk.Reset() // what was made of it keeps the memory
		t.chunk.Grow(textChunk)
	}
	start := t.chunk.Len()
	t.chunk.Write(text)
	return t.chunk.String()[start:]
}

// decode decodes a valid JSON string.
func (t *texts) decode(quoted []byte) string {
	var short [512]byte // most log lines are shorter
	return t.copy(jsonscan.Bytes(short[:0], quoted))
}
