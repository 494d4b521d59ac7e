// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "math"

// table is what a benchmark has found: rows of quantities, columns of programs.
type table struct {
	Title string
	// About says how it was measured.
	About   string
	Columns []string // the first one is ours
	Rows    []*row
}

// row is one quantity.
type row struct {
	What   string
	Target float64 // what ours may be at most; NaN: no target
	Cells  map[string]values
}

// row adds a row, or returns the one that is there.
func (t *table) row(what string, target float64) *row {
	for _, r := range t.Rows {
		if r.What == what {
			return r
		}
	}
	r := &row{What: what, Target: target, Cells: map[string]values{}}
	t.Rows = append(t.Rows, r)
	return r
}

// add adds a measurement of a program.
func (r *row) add(column string, v float64) { r.Cells[column] = append(r.Cells[column], v) }

// noTarget is the target of a row without one.
var noTarget = math.NaN()

// Verdict holds ours against the target.
func (t *table) Verdict(r *row) string {
	ours := r.Cells[t.Columns[0]].median()
	switch {
	case math.IsNaN(r.Target):
		return ""
	case math.IsNaN(ours):
		return "≤ " + number(r.Target) + ": not measured"
	case ours <= r.Target:
		return "≤ " + number(r.Target) + ": met"
	default:
		return "≤ " + number(r.Target) + ": **missed**"
	}
}

// milliseconds, megabytes (of 1,000,000 bytes): the units of all tables.
func ms[T ~int64](d T) float64     { return float64(d) / 1e6 }
func mb[T ~int64](bytes T) float64 { return float64(bytes) / 1e6 }
