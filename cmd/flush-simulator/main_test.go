// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args           string
		exit           int
		stdout, stderr string // a part of it
	}{
		"help":         {"--help", exitPrinted, "EXIT CODE", ""},
		"fleet":        {"--fleet --seed 7", exitPrinted, "recovery of 10,000", ""},
		"unknown flag": {"--what", exitUsage, "", "-what (see --help)"},
		"wrong value":  {"--seed x", exitUsage, "", "-seed"},
		"an argument":  {"fleet", exitUsage, "", `"fleet"`},
		"no value":     {"--fleet --seed", exitUsage, "", "-seed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, tt.exit, command(strings.Fields(tt.args), &stdout, &stderr))
			assert.Contains(t, stdout.String(), tt.stdout)
			assert.Contains(t, stderr.String(), tt.stderr)
			assert.Equal(t, tt.exit == exitUsage, stdout.Len() == 0, stdout.String())
			assert.LessOrEqual(t, strings.Count(stderr.String(), "\n"), 1, "one line")
		})
	}
}

func TestUsageNamesFlags(t *testing.T) {
	t.Parallel()
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, usage, "\n  --"+f.Name+" ") })
}
