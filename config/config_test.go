// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdaconfmap"
	"github.com/otelcol-lambda/otelcol-lambda/components/lambdalifecycle"
	"github.com/otelcol-lambda/otelcol-lambda/components/lambdaresourceprocessor"
	"github.com/otelcol-lambda/otelcol-lambda/components/lambdatelemetry"
	"github.com/otelcol-lambda/otelcol-lambda/components/telemetryapireceiver"
)

// environment is what the files ask their users to set.
var environment = map[string]string{
	"CLICKSTACK_ENDPOINT":      "https://clickstack.example.com:4318",
	"CLICKSTACK_INGESTION_KEY": "12345",
	"GATEWAY_ENDPOINT":         "gateway.internal:4317",
	"GATEWAY_USER":             "me",
	"GATEWAY_PASSWORD":         "pass",
}

// Every file here loads as it is, and its pipelines can be built. Those in full/ need the full layer, and are tested
// with it (see test/full_test.go).
func TestFilesLoad(t *testing.T) {
	for name, value := range environment {
		t.Setenv(name, value)
	}
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			set := confmap.ResolverSettings{
				URIs:               []string{"file:" + file},
				ProviderFactories:  []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
				ConverterFactories: []confmap.ConverterFactory{lambdaconfmap.NewFactory()},
				DefaultScheme:      "env",
			}
			collector, err := otelcol.NewCollector(otelcol.CollectorSettings{
				Factories:              factories,
				BuildInfo:              component.NewDefaultBuildInfo(),
				ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: set},
			})
			require.NoError(t, err)
			require.NoError(t, collector.DryRun(t.Context()))

			provider, err := otelcol.NewConfigProvider(otelcol.ConfigProviderSettings{ResolverSettings: set})
			require.NoError(t, err)
			all, err := factories()
			require.NoError(t, err)
			config, err := provider.Get(t.Context(), all)
			require.NoError(t, err)
			assert.Equal(t, "lambda_lifecycle", config.Service.Extensions[0].String())
			assert.Contains(t, config.Service.Pipelines, pipeline.NewID(pipeline.SignalLogs))
			for id, p := range config.Service.Pipelines {
				assert.Equal(t, "lambda_resource", p.Processors[0].String(), id)
			}
			for _, exporter := range config.Exporters {
				switch exporter := exporter.(type) {
				case *otlphttpexporter.Config:
					key, _ := exporter.ClientConfig.Headers.Get("authorization")
					assert.Equal(t, environment["CLICKSTACK_INGESTION_KEY"], string(key))
					assert.Equal(t, environment["CLICKSTACK_ENDPOINT"], exporter.ClientConfig.Endpoint)
				case *otlpexporter.Config:
					assert.Equal(t, environment["GATEWAY_ENDPOINT"], exporter.ClientConfig.Endpoint)
				}
			}
		})
	}
}

// factories are those of the layer that the files use.
func factories() (otelcol.Factories, error) {
	all := otelcol.Factories{Telemetry: lambdatelemetry.NewFactory()}
	var err error
	if all.Extensions, err = otelcol.MakeFactoryMap(lambdalifecycle.NewFactory()); err != nil {
		return all, err
	}
	if all.Receivers, err = otelcol.MakeFactoryMap(otlpreceiver.NewFactory(), telemetryapireceiver.NewFactory()); err != nil {
		return all, err
	}
	if all.Processors, err = otelcol.MakeFactoryMap(lambdaresourceprocessor.NewFactory()); err != nil {
		return all, err
	}
	all.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](
		otlpexporter.NewFactory(), otlphttpexporter.NewFactory(), debugexporter.NewFactory())
	return all, err
}
