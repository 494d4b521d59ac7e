// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

func TestDefaultWriteBufferIsSmall(t *testing.T) {
	t.Parallel()
	buffers := New(1<<20, nil, nil)
	http := buffers.Wrap(otlphttpexporter.NewFactory()).CreateDefaultConfig().(*otlphttpexporter.Config)
	assert.Equal(t, maxWriteBuffer, http.ClientConfig.WriteBufferSize)
	grpc := buffers.Wrap(otlpexporter.NewFactory()).CreateDefaultConfig().(*otlpexporter.Config)
	assert.Equal(t, maxWriteBuffer, grpc.ClientConfig.WriteBufferSize)

	require.NoError(t, confmap.NewFromStringMap(map[string]any{"write_buffer_size": 1 << 20}).Unmarshal(http))
	assert.Equal(t, 1<<20, http.ClientConfig.WriteBufferSize, "what the user says")

	assert.Equal(t, debugexporter.NewFactory().CreateDefaultConfig(), buffers.Wrap(debugexporter.NewFactory()).CreateDefaultConfig())
	assert.Equal(t, nopexporter.NewFactory().CreateDefaultConfig(), buffers.Wrap(nopexporter.NewFactory()).CreateDefaultConfig())
	shrinkWriteBuffers(nil)
	shrinkWriteBuffers((*otlpexporter.Config)(nil))
	shrinkWriteBuffers(component.Config(map[string]any{}))
}
