// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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
