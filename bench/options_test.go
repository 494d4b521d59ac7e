// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExitCodes(t *testing.T) {
	zip := "../dist/otelcol-lambda-" + runtime.GOARCH + ".zip"
	for name, tt := range map[string]struct {
		args           []string
		exit           int
		stdout, stderr string // a part of it
	}{
		"help":         {[]string{"--help"}, exitMeasured, "EXIT CODE", ""},
		"measured":     {[]string{"--layer", zip, "--only", "Size"}, exitMeasured, "## Size", "Size ..."},
		"unknown flag": {[]string{"--what"}, exitUsage, "", "-what (see --help)"},
		"an argument":  {[]string{"--layer", "x", "more"}, exitUsage, "", `"more"`},
		"no layer":     {nil, exitUsage, "", "--layer is required"},
		"no such part": {[]string{"--layer", "x", "--only", "Taste"}, exitUsage, "", `"Taste"`},
		"no such zip":  {[]string{"--layer", "/nowhere.zip"}, exitFailed, "", "/nowhere.zip"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, tt.exit, run(t.Context(), tt.args, &stdout, &stderr), name)
		assert.Contains(t, stdout.String(), tt.stdout, name)
		assert.Contains(t, stderr.String(), tt.stderr, name)
		if tt.exit != exitMeasured {
			assert.Empty(t, stdout.String(), name)
			assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line: %s", name)
		}
	}
}

func TestUsageNamesFlags(t *testing.T) {
	t.Parallel()
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, usage, "\n  --"+f.Name+" ") })
}
