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
	for name, tt := range map[string]struct {
		args           string
		exit           int
		stdout, stderr string // a part of it
	}{
		"help":         {"--help", exitEnded, "EXIT CODE", ""},
		"unknown flag": {"--what", exitUsage, "", "-what (see --help)"},
		"an argument":  {"--library x --data y more", exitUsage, "", `"more"`},
		"no library":   {"--data y", exitUsage, "", "--library"},
		"no engine":    {"--library /nowhere.so --data " + t.TempDir(), exitFailed, "", "/nowhere.so"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, tt.exit, command(strings.Fields(tt.args), &stdout, &stderr), name)
		assert.Contains(t, stdout.String(), tt.stdout, name)
		assert.Contains(t, stderr.String(), tt.stderr, name)
		assert.LessOrEqual(t, strings.Count(stderr.String(), "\n"), 1, "one line: %s", name)
	}
}

func TestUsageNamesFlags(t *testing.T) {
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, usage, "\n  --"+f.Name+" ") })
}
