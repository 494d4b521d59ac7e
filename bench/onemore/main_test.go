// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExitCodes(t *testing.T) {
	const base, full = "../../builder-config.yaml", "../../builder-config-full.yaml"
	dir := filepath.Join(t.TempDir(), "components")
	for name, tt := range map[string]struct {
		args           []string
		exit           int
		stdout, stderr string // a part of it
	}{
		"help":         {[]string{"--help"}, exitWritten, "EXIT CODE", ""},
		"written":      {[]string{base, full, dir}, exitWritten, "", ""},
		"unknown flag": {[]string{"--what", base, full, dir}, exitUsage, "", "-what (see --help)"},
		"two only":     {[]string{base, full}, exitUsage, "", "two manifests and a directory"},
		"no base":      {[]string{"/nowhere", full, dir}, exitFailed, "", "/nowhere"},
		"no manifest":  {[]string{base, "/nowhere", dir}, exitFailed, "", "/nowhere"},
		"no directory": {[]string{base, full, base}, exitFailed, "", base},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, tt.exit, run(tt.args, &stdout, &stderr), name)
		assert.Contains(t, stdout.String(), tt.stdout, name)
		assert.Contains(t, stderr.String(), tt.stderr, name)
		assert.LessOrEqual(t, strings.Count(stderr.String(), "\n"), 1, "one line: %s", name)
	}
	assert.FileExists(t, filepath.Join(dir, "clickhouseexporter.yaml"))
}

func TestOneMore(t *testing.T) {
	const base = `dist:
  output_path: build/default
receivers:
  - gomod: example.com/receiver/otlp v1.0.0
exporters:
  - gomod: example.com/exporter/otlp v1.0.0
`
	const full = `dist:
  output_path: build/full
receivers:
  - gomod: example.com/receiver/otlp v1.0.0
exporters:
  # Costs much.
  - gomod: example.com/exporter/house v2.0.0
  - gomod: example.com/exporter/otlp v1.0.0
connectors:
  - gomod: example.com/connector/count v1.0.0
`
	assert.Equal(t, map[string]string{
		"house": `dist:
  output_path: build/x/house
receivers:
  - gomod: example.com/receiver/otlp v1.0.0
exporters:
  - gomod: example.com/exporter/house v2.0.0
  - gomod: example.com/exporter/otlp v1.0.0
`,
		"count": `dist:
  output_path: build/x/count
receivers:
  - gomod: example.com/receiver/otlp v1.0.0
exporters:
  - gomod: example.com/exporter/otlp v1.0.0

connectors:
  - gomod: example.com/connector/count v1.0.0
`,
	}, oneMore(base, full, "build/x"))
}
