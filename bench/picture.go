// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
)

//go:embed results.svg.tmpl
var pictureTemplate string

// Measures of the picture, in its units.
const (
	pictureLeft = 330 // where bars begin
	pictureBars = 420 // the length of the longest bar of a panel
	pictureLine = 24  // from one bar to the next
	pictureHead = 52  // above the first bar of a panel
)

// panels are what the picture shows: rows, by the beginnings of their names, a bar for each program; without a row, a
// table, a bar for each of its rows.
var panels = []struct{ title, row, table string }{
	{title: "Exec to register: delays the function, ms", row: "exec to register"},
	{title: "Exec to ready: beside the runtime's own start, ms", row: "exec to ready"},
	{title: "The same by phase, ms", table: phasesTitle},
	{title: "CPU until ready, ms", row: "CPU until ready"},
	{title: "Resident memory when ready, MB", row: "resident memory"},
	{title: "CPU for 1,000 log lines, Telemetry API to OTLP, ms", row: "CPU for 1,000 plain log lines"},
	{title: "CPU for 1,000 spans, OTLP to OTLP, ms", row: "CPU for 1,000 spans"},
	{title: "Peak memory meanwhile, MB", row: "peak memory meanwhile"},
}

// panel is one panel, laid out.
type panel struct {
	Y     int
	Title string
	Bars  []bar
}

// bar is the median of one program.
type bar struct {
	Y, Width    int
	Name, Value string
	Ours        bool
}

// picture draws the medians as bars, readable on light and dark.
func picture(tables []table) ([]byte, error) {
	var drawn []panel
	y := 0
	for _, p := range panels {
		bars := barsOf(tables, p.row, p.table)
		if len(bars) == 0 {
			continue
		}
		next := panel{Y: y, Title: p.title}
		longest := 0.0
		for _, b := range bars {
			longest = max(longest, b.median)
		}
		y += pictureHead
		for _, b := range bars {
			next.Bars = append(next.Bars, bar{y, int(b.median / longest * pictureBars), b.name, number(b.median), b.ours})
			y += pictureLine
		}
		drawn = append(drawn, next)
	}
	var out bytes.Buffer
	t, err := template.New("picture").Funcs(template.FuncMap{"add": func(a, b int) int { return a + b }}).Parse(pictureTemplate)
	if err != nil {
		return nil, err
	}
	err = t.Execute(&out, map[string]any{"Left": pictureLeft, "Width": pictureLeft + pictureBars + 80, "Height": y + 20, "Panels": drawn})
	return out.Bytes(), err
}

// measured is a median to draw.
type measured struct {
	name   string
	median float64
	ours   bool
}

// barsOf finds what a panel shows: the first row whose name begins so, or all rows of a table.
func barsOf(tables []table, row, title string) []measured {
	var bars []measured
	add := func(name string, v values, ours bool) {
		if len(v) > 0 {
			bars = append(bars, measured{name, v.median(), ours})
		}
	}
	for _, t := range tables {
		for _, r := range t.Rows {
			switch {
			case row == "" && t.Title == title:
				name, _, _ := strings.Cut(r.What, ",")
				name, _, _ = strings.Cut(name, ":")
				add(name, r.Cells[t.Columns[0]], true)
			case row != "" && strings.HasPrefix(r.What, row):
				for i, column := range t.Columns {
					add(column, r.Cells[column], i == 0)
				}
				return bars
			}
		}
	}
	return bars
}
