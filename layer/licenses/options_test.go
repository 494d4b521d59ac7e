// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	files := " --arch " + runtime.GOARCH + " --notices " + filepath.Join(dir, "notices") + " --sbom " + filepath.Join(dir, "sbom")
	for name, tt := range map[string]struct {
		args           string
		exit           int
		stdout, stderr string // a part of it
	}{
		"help":         {"--help", exitWritten, "EXIT CODE", ""},
		"unknown flag": {"--what", exitUsage, "", "-what (see --help)"},
		"an argument":  {"--dir ." + files + " more", exitUsage, "", `"more"`},
		"no folder":    {files, exitUsage, "", "--dir"},
		"no package":   {"--dir " + dir + files, exitFailed, "", "list the packages"},
		"written":      {"--dir ." + files, exitWritten, "", ""},
	} {
		var stdout, stderr bytes.Buffer
		if exit := run(strings.Fields(tt.args), &stdout, &stderr); exit != tt.exit {
			t.Errorf("%s: exit code %d, want %d", name, exit, tt.exit)
		}
		if !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%s: it said %q and %q, want %q and %q", name, stdout.String(), stderr.String(), tt.stdout, tt.stderr)
		}
		if strings.Count(stderr.String(), "\n") > 1 {
			t.Errorf("%s: more than one line: %q", name, stderr.String())
		}
	}
}

func TestUsageNamesFlags(t *testing.T) {
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(usage, "\n  --"+f.Name+" ") {
			t.Errorf("--%s is not in the manual", f.Name)
		}
	})
}
