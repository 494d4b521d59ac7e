// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCompress inflates what it has compressed, with the standard library.
func TestCompress(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, chunkSize+window)
	_, _ = random.Read(noise)
	text := []byte(strings.Repeat("a layer is unpacked more often than it is packed; ", 30_000)) // more than a chunk
	for name, data := range map[string][]byte{
		"nothing":                  {},
		"a byte":                   {7},
		"one byte over and over":   make([]byte, 3*chunkSize+1),
		"two bytes":                {1, 2},
		"every byte":               noise[:4096],
		"noise":                    noise,
		"text":                     text,
		"a match at the window":    append(append(bytes.Clone(noise[:window]), noise[:300]...), noise[:300]...),
		"a match over a chunk end": append(bytes.Clone(noise[:chunkSize-100]), noise[chunkSize-400:chunkSize]...),
	} {
		t.Run(name, func(t *testing.T) {
			compressed := Compress(data, nil)
			inflated, err := io.ReadAll(flate.NewReader(bytes.NewReader(compressed)))
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, inflated))
			assert.Equal(t, compressed, Compress(data, nil), "the same bytes again")
		})
	}
}

// TestSmallerThanTheStandardLibrary packs this test's own executable.
func TestSmallerThanTheStandardLibrary(t *testing.T) {
	path, err := os.Executable()
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data = data[:2*chunkSize]
	var standard bytes.Buffer
	w, err := flate.NewWriter(&standard, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	ours := Compress(data, nil)
	t.Logf("%d bytes, compress/flate %d: %.1f %% less", len(ours), standard.Len(), 100-100*float64(len(ours))/float64(standard.Len()))
	assert.Less(t, float64(len(ours)), 0.97*float64(standard.Len()))
}

// TestBlockSize: the size that decides is the size that is written.
func TestBlockSize(t *testing.T) {
	data := []byte(strings.Repeat("size matters: 0123456789 ", 200))
	b := compressChunk(data, 0, len(data))[0]
	var w bitWriter
	b.write(&w)
	assert.Equal(t, 8*len(w.bytes)+w.filled, b.bits)
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("abcabcabcabc"))
	f.Add(make([]byte, 1000))
	f.Fuzz(func(t *testing.T, data []byte) {
		inflated, err := io.ReadAll(flate.NewReader(bytes.NewReader(Compress(data, nil))))
		if err != nil || !bytes.Equal(data, inflated) {
			t.Fatalf("%v: %d bytes became %d", err, len(data), len(inflated))
		}
	})
}
