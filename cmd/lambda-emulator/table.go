// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCell is how wide a column may be, in characters: longer content is cut.
const maxCell = 120

// column is the head of a column of text, or of one of numbers.
type column struct {
	name    string
	numbers bool
}

func text(name string) column    { return column{name, false} }
func numbers(name string) column { return column{name, true} }

// table aligns rows of cells in columns.
type table struct {
	title   string
	columns []column
	rows    [][]string // the first one holds the names of the columns
}

func newTable(title string, columns ...column) *table {
	t := &table{title: title, columns: columns}
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	t.row(names...)
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = printable(c)
	}
	t.rows = append(t.rows, cells)
}

// write prints the title and the rows, but at most so many, unless limit is 0.
func (t *table) write(out *bytes.Buffer, limit int) {
	rows, count := t.rows, len(t.rows)-1
	if limit > 0 && count > limit {
		rows = rows[:limit+1]
	}
	fmt.Fprintf(out, "\n%s\n", t.title)
	if count == 0 {
		out.WriteString("  none\n")
		return
	}
	widths := make([]int, len(t.columns))
	for _, cells := range rows {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range rows {
		var line strings.Builder
		for i, c := range cells {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if t.columns[i].numbers {
				line.WriteString("  " + padding + c)
			} else {
				line.WriteString("  " + c + padding)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	if hidden := count - (len(rows) - 1); hidden > 0 {
		fmt.Fprintf(out, "  … and %d more (see --rows)\n", hidden)
	}
}

// printable makes telemetry safe for a terminal, and short.
func printable(cell string) string {
	cell = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, cell)
	if utf8.RuneCountInString(cell) > maxCell {
		cell = string([]rune(cell)[:maxCell-1]) + "…"
	}
	return cell
}
