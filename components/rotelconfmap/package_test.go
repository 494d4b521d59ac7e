// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdatelemetry"
	"github.com/otelcol-lambda/otelcol-lambda/components/telemetryapireceiver"
)

// resolverSettings resolve rotel:env of the given environment, with the stock provider for ${env:…}, and one for
// ${arn:…} that knows the given secrets and returns them as a provider must.
func resolverSettings(environ []string, secrets map[string]string) confmap.ResolverSettings {
	return confmap.ResolverSettings{
		URIs: []string{uri},
		ProviderFactories: []confmap.ProviderFactory{
			newFactory(func() []string { return environ }),
			envprovider.NewFactory(),
			confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return arnProvider(secrets) }),
		},
		DefaultScheme: "env",
	}
}

type arnProvider map[string]string

func (p arnProvider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrieved(strings.ReplaceAll(p[uri], "$", "$$"))
}

func (arnProvider) Scheme() string { return "arn" }

func (arnProvider) Shutdown(context.Context) error { return nil }

// factories are those of the layer that the configurations use.
func factories() (otelcol.Factories, error) {
	all := otelcol.Factories{Telemetry: lambdatelemetry.NewFactory()}
	var err error
	if all.Receivers, err = otelcol.MakeFactoryMap(otlpreceiver.NewFactory(), telemetryapireceiver.NewFactory()); err != nil {
		return all, err
	}
	if all.Processors, err = otelcol.MakeFactoryMap[processor.Factory](resourceprocessor.NewFactory()); err != nil {
		return all, err
	}
	if all.Extensions, err = otelcol.MakeFactoryMap(extension.NewFactory(component.MustNewType("sigv4auth"),
		func() component.Config { return &struct{}{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return idle{Consumer: consumertest.NewNop()}, nil
		}, component.StabilityLevelStable)); err != nil {
		return all, err
	}
	all.Exporters, err = otelcol.MakeFactoryMap(otlpexporter.NewFactory(), otlphttpexporter.NewFactory(),
		debugexporter.NewFactory(), nopexporter.NewFactory(), clickhouse())
	return all, err
}

// clickhouse stands in for the exporter of that name, which is in the full layer and tested with it.
func clickhouse() exporter.Factory {
	return exporter.NewFactory(component.MustNewType("clickhouse"), func() component.Config { return &anyConfig{} },
		exporter.WithLogs(func(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
			return idle{Consumer: consumertest.NewNop()}, nil
		}, component.StabilityLevelStable),
		exporter.WithMetrics(func(context.Context, exporter.Settings, component.Config) (exporter.Metrics, error) {
			return idle{Consumer: consumertest.NewNop()}, nil
		}, component.StabilityLevelStable),
		exporter.WithTraces(func(context.Context, exporter.Settings, component.Config) (exporter.Traces, error) {
			return idle{Consumer: consumertest.NewNop()}, nil
		}, component.StabilityLevelStable))
}

// idle is a component that does nothing.
type idle struct {
	component.StartFunc
	component.ShutdownFunc
	consumertest.Consumer
}

// anyConfig takes every key.
type anyConfig struct{}

func (*anyConfig) Unmarshal(*confmap.Conf) error { return nil }

// load resolves, unmarshals and validates a configuration, and builds its pipelines, as `otelcol validate` does.
func load(t *testing.T, set confmap.ResolverSettings) {
	t.Helper()
	collector, err := otelcol.NewCollector(otelcol.CollectorSettings{
		Factories:              factories,
		BuildInfo:              component.NewDefaultBuildInfo(),
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: set},
	})
	require.NoError(t, err)
	require.NoError(t, collector.DryRun(t.Context()))
}

// resolve returns the configuration as the Collector gets it.
func resolve(tb testing.TB, set confmap.ResolverSettings) *confmap.Conf {
	tb.Helper()
	resolver, err := confmap.NewResolver(set)
	require.NoError(tb, err)
	conf, err := resolver.Resolve(tb.Context())
	require.NoError(tb, err)
	require.NoError(tb, resolver.Shutdown(tb.Context()))
	return conf
}

func everything(component.Kind, string) bool { return true }
