// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out.zip")
	require.NoError(t, os.WriteFile(file, []byte("text"), 0o600))
	files := " --supervisor " + file + " --license " + file + " --third-party " + file + " --collector "
	for _, tt := range []struct {
		name, args     string
		exit           int
		stdout, stderr string // a part of it
		written        bool
	}{
		{"help", "--help", exitWritten, "EXIT CODE", "", false},
		{"unknown flag", "--what", exitUsage, "", "-what (see --help)", false},
		{"an argument", "--out " + out + files + file + " more", exitUsage, "", `"more"`, false},
		{"no zip", files + file, exitUsage, "", "--out is required", false},
		{"no collector", "--out " + out + " --supervisor " + file, exitUsage, "", "--collector", false},
		{"missing file", "--out " + out + files + "/nowhere", exitFailed, "", "/nowhere", false},
		{"no folder", "--out /nowhere/out.zip" + files + file, exitFailed, "", "/nowhere", false},
		{"written", "--out " + out + files + file, exitWritten, "0.00 MB", "", true},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, tt.exit, run(strings.Fields(tt.args), &stdout, &stderr), tt.name)
		assert.Contains(t, stdout.String(), tt.stdout, tt.name)
		assert.Contains(t, stderr.String(), tt.stderr, tt.name)
		assert.LessOrEqual(t, strings.Count(stderr.String(), "\n"), 1, "one line: %s", tt.name)
		assert.Equal(t, tt.written, exists(out), tt.name)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestUsageNamesFlags(t *testing.T) {
	t.Parallel()
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, usage, "\n  --"+f.Name+" ") })
}
