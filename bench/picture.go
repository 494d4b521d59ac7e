// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"math"
	"text/template"
)

//go:embed results.svg.tmpl
var pictureTemplate string

// Measures of the picture, in its units.
const (
	pictureLeft = 240 // where bars begin
	pictureBars = 420 // the length of the longest bar of a panel
	pictureLine = 24  // from one bar to the next
	pictureHead = 52  // above the first bar of a panel
)

// panels are what the picture shows: rows of tables, by their beginnings.
var panels = []struct{ title, row string }{
	{"Start-up: exec to register, which delays the function, ms", "exec to register"},
	{"Start-up: exec to ready, beside the runtime's own start, ms", "exec to ready"},
	{"CPU until ready, ms", "CPU until ready"},
	{"Resident memory when ready, MB", "resident memory"},
	{"CPU for 1,000 log lines, Telemetry API to OTLP, ms", "CPU for 1,000 plain log lines"},
	{"CPU for 1,000 spans, OTLP to OTLP, ms", "CPU for 1,000 spans"},
	{"Peak memory meanwhile, MB", "peak memory meanwhile"},
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
		t, r := find(tables, p.row)
		if r == nil {
			continue
		}
		next := panel{Y: y, Title: p.title}
		longest := 0.0
		for _, column := range t.Columns {
			longest = max(longest, r.Cells[column].median())
		}
		y += pictureHead
		for i, column := range t.Columns {
			median := r.Cells[column].median()
			if math.IsNaN(median) {
				continue
			}
			next.Bars = append(next.Bars, bar{y, int(median / longest * pictureBars), column, number(median), i == 0})
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

// find returns the first row whose name begins so, and its table.
func find(tables []table, beginning string) (*table, *row) {
	for i := range tables {
		for _, r := range tables[i].Rows {
			if len(r.What) >= len(beginning) && r.What[:len(beginning)] == beginning {
				return &tables[i], r
			}
		}
	}
	return nil, nil
}
