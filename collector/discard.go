// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
)

// discardScheme is the scheme of the configuration that takes the place of an invalid one.
const discardScheme = "discard"

// Where the function's SDK expects us, unless the variables of the environment configuration say otherwise.
const (
	grpcEndpointVar     = "ROTEL_OTLP_GRPC_ENDPOINT"
	httpEndpointVar     = "ROTEL_OTLP_HTTP_ENDPOINT"
	defaultGRPCEndpoint = "localhost:4317"
	defaultHTTPEndpoint = "localhost:4318"
)

// discardProvider provides a configuration that accepts everything on the OTLP ports and discards it.
type discardProvider struct{ env environment }

func newDiscardFactory(env environment) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return discardProvider{env} })
}

func (p discardProvider) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	pipeline := map[string]any{"receivers": []any{"otlp"}, "exporters": []any{"nop"}}
	return confmap.NewRetrieved(map[string]any{
		"receivers": map[string]any{"otlp": map[string]any{"protocols": map[string]any{
			"grpc": map[string]any{"endpoint": p.endpoint(grpcEndpointVar, defaultGRPCEndpoint)},
			"http": map[string]any{"endpoint": p.endpoint(httpEndpointVar, defaultHTTPEndpoint)},
		}}},
		"exporters": map[string]any{"nop": nil},
		"service": map[string]any{"pipelines": map[string]any{
			"logs": pipeline, "metrics": pipeline, "traces": pipeline,
		}},
	})
}

func (p discardProvider) endpoint(name, fallback string) string {
	if value, _ := p.env.lookup(name); value != "" {
		return value
	}
	return fallback
}

func (discardProvider) Scheme() string                 { return discardScheme }
func (discardProvider) Shutdown(context.Context) error { return nil }
