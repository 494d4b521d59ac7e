// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	for want, v := range map[string]values{
		"–":                   {},
		"7":                   {7},
		"2 (1.50–2.50)":       {3, 1, 2},
		"0.25 (0.20–0.30)":    {0.15, 0.35},
		"12.5 (11.2–13.8)":    {10, 15},
		"1,577 (1,550–1,604)": {1523, 1577, 1630.4},
	} {
		assert.Equal(t, want, v.String())
	}
	assert.True(t, math.IsNaN(values{}.median()))
	assert.InDelta(t, 9.9, values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}.quantile(0.99), 1e-9)
}

// results are two tables, of which the picture shows a row each; the second has a column without a value.
func results() []table {
	start := table{Title: "Start-up", About: "Some words.", Columns: []string{"ours", "peer & co"}}
	r := start.row("exec to ready, ms", 14)
	r.add("ours", 10)
	r.add("ours", 12)
	r.add("peer & co", 37.5)
	work := table{Title: "Cost", Columns: []string{"ours", "peer & co"}}
	work.row("CPU for 1,000 spans, 100 a request, ms", 5).add("ours", 6)
	work.row("something else", noTarget).add("peer & co", 1)
	return []table{start, work}
}

func TestMarkdown(t *testing.T) {
	var text bytes.Buffer
	for _, tb := range results() {
		tb.markdown(&text)
	}
	assert.Equal(t, `
## Start-up

Some words.

| | Target | ours | peer & co |
|---|---|--:|--:|
| exec to ready, ms | ≤ 14: met | 11 (10.5–11.5) | 37.5 |

## Cost



| | Target | ours | peer & co |
|---|---|--:|--:|
| CPU for 1,000 spans, 100 a request, ms | ≤ 5: **missed** | 6 | – |
| something else |  | – | 1 |
`, text.String())
}

func TestPictureIsXMLWithABarForEachValue(t *testing.T) {
	svg, err := picture(results())
	require.NoError(t, err)
	bars := 0
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "rect" {
			bars++
		}
	}
	assert.Equal(t, 3, bars)
	assert.Contains(t, string(svg), "peer &amp; co")
}
