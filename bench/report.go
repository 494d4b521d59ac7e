// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// write writes results.md and results.svg into a directory.
func write(dir string, tables []table) error {
	picture, err := picture(tables)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.svg"), picture, 0o644); err != nil {
		return err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Benchmark results\n\nMade by `make bench` on %s, %s/%s, %d CPUs, %s. Medians, in brackets the middle half of the "+
		"measurements; the programs take turns. Times are of this machine; ratios and counts are what to compare. "+
		"MB are millions of bytes.\n\n![Start-up, memory and cost](results.svg)\n",
		time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
	for _, t := range tables {
		t.markdown(&text)
	}
	return os.WriteFile(filepath.Join(dir, "results.md"), text.Bytes(), 0o644)
}

func (t *table) markdown(text *bytes.Buffer) {
	fmt.Fprintf(text, "\n## %s\n\n%s\n", t.Title, t.About)
	if len(t.Rows) == 0 {
		return
	}
	fmt.Fprintf(text, "\n| | Target | %s |\n|---|---|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("--:|", len(t.Columns)))
	for _, r := range t.Rows {
		fmt.Fprintf(text, "| %s | %s |", r.What, t.Verdict(r))
		for _, column := range t.Columns {
			fmt.Fprintf(text, " %s |", r.Cells[column])
		}
		text.WriteByte('\n')
	}
}

// processor is the model of the CPU.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
