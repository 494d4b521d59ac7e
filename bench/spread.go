// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"slices"
)

// values are the measurements of one quantity of one program.
type values []float64

// quantile returns the value below which the part p of the measurements lies, NaN without measurements.
func (v values) quantile(p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(v))
	at := p * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func (v values) median() float64 { return v.quantile(0.5) }

// String is the median with the middle half of the measurements.
func (v values) String() string {
	switch len(v) {
	case 0:
		return "–"
	case 1:
		return number(v[0])
	default:
		return fmt.Sprintf("%s (%s–%s)", number(v.median()), number(v.quantile(0.25)), number(v.quantile(0.75)))
	}
}

// number rounds to three digits, and integers to none.
func number(x float64) string {
	switch {
	case math.Abs(x) >= 100 || x == math.Trunc(x):
		return grouped(int64(math.Round(x)))
	case math.Abs(x) >= 10:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

// grouped writes 1576 as 1,576.
func grouped(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
