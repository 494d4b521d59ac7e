// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

func TestTakeOverStockExporters(t *testing.T) {
	t.Parallel()
	grpc := otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)
	http := otlphttpexporter.NewFactory().CreateDefaultConfig().(*otlphttpexporter.Config)
	debug := debugexporter.NewFactory().CreateDefaultConfig().(*debugexporter.Config)
	debug.QueueConfig = configoptional.Some(exporterhelper.NewDefaultQueueConfig())
	for range 2 { // the signals share their configuration
		takeOver(grpc)
		takeOver(http)
		takeOver(debug)
		takeOver(nopexporter.NewFactory().CreateDefaultConfig())
	}
	assert.False(t, grpc.QueueConfig.HasValue())
	assert.False(t, grpc.RetryConfig.Enabled)
	assert.False(t, http.QueueConfig.HasValue())
	assert.False(t, http.RetryConfig.Enabled)
	assert.False(t, debug.QueueConfig.HasValue())

	assert.Len(t, http.ClientConfig.Middlewares, 1)

	assert.True(t, hasClient(grpc))
	assert.True(t, hasClient(http))
	assert.False(t, hasClient(debug))
	assert.False(t, hasClient(nopexporter.NewFactory().CreateDefaultConfig()))
	assert.False(t, hasClient(nil))
}

type common struct {
	Queue  configoptional.Optional[exporterhelper.QueueBatchConfig]
	Always exporterhelper.QueueBatchConfig
}

type nested struct {
	common  // embedded, not exported: out of reach, and of the decoder too
	Common  common
	Pointer *common
	Retry   *configretry.BackOffConfig
	Absent  *configretry.BackOffConfig
	Client  configoptional.Optional[confighttp.ClientConfig]
	Self    *nested
	Other   any
}

func TestTakeOverNestedConfig(t *testing.T) {
	t.Parallel()
	queue := func() common {
		return common{
			Queue:  configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
			Always: exporterhelper.NewDefaultQueueConfig(),
		}
	}
	retry := configretry.NewDefaultBackOffConfig()
	pointer := queue()
	cfg := &nested{Common: queue(), Pointer: &pointer, Retry: &retry}
	cfg.Self = cfg
	takeOver(cfg)

	assert.False(t, cfg.Common.Queue.HasValue())
	assert.False(t, cfg.Pointer.Queue.HasValue())
	assert.True(t, cfg.Pointer.Always.WaitForResult)
	assert.False(t, cfg.Pointer.Always.Batch.HasValue())
	assert.False(t, cfg.Retry.Enabled)
	assert.Nil(t, cfg.Absent)
	assert.True(t, hasClient(cfg))
	for _, odd := range []component.Config{nil, struct{}{}, (*nested)(nil), 3, map[string]any{"a": 1}} {
		require.NotPanics(t, func() { takeOver(odd) })
	}
}

func TestTakeOverQueueOfAnExportersOwn(t *testing.T) {
	t.Parallel()
	type queue struct {
		Enabled bool `mapstructure:"enabled"`
		Size    int  `mapstructure:"queue_size"`
	}
	cfg := struct {
		Own     queue `mapstructure:"remote_write_queue"`
		Other   queue `mapstructure:"target_info"`
		Size    int   `mapstructure:"queue"`
		Nothing struct {
			Size int `mapstructure:"size"`
		} `mapstructure:"other_queue,omitempty"`
	}{Own: queue{true, 5}, Other: queue{true, 5}, Size: 5}
	takeOver(&cfg)
	assert.Equal(t, queue{false, 5}, cfg.Own)
	assert.Equal(t, queue{true, 5}, cfg.Other)
	assert.Equal(t, 5, cfg.Size)
}
