// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-lambda/otelcol-lambda/components/rotelconfmap"
)

// discardScheme is the scheme of the configuration that takes the place of an invalid one.
const discardScheme = "discard"

// telemetryReceiver is the type of the receiver of Lambda's telemetry.
const telemetryReceiver = "telemetryapi"

// discardProvider provides a configuration that accepts everything on the OTLP ports and discards it.
type discardProvider struct {
	env environment
	// subscribes makes it take all telemetry of Lambda, too: there is one subscription in the life of an environment,
	// and the collector that takes this one's place needs it.
	subscribes bool
}

func (p discardProvider) factory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return p })
}

func (p discardProvider) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	receivers := map[string]any{"otlp": map[string]any{"protocols": map[string]any{
		"grpc": map[string]any{"endpoint": p.endpoint(rotelconfmap.GRPCEndpointVar, rotelconfmap.DefaultGRPCEndpoint)},
		"http": map[string]any{"endpoint": p.endpoint(rotelconfmap.HTTPEndpointVar, rotelconfmap.DefaultHTTPEndpoint)},
	}}}
	pipeline := map[string]any{"receivers": []any{"otlp"}, "exporters": []any{"nop"}}
	logs := pipeline
	if p.subscribes {
		receivers[telemetryReceiver] = map[string]any{"types": []any{"platform", "function", "extension"}}
		logs = map[string]any{"receivers": []any{"otlp", telemetryReceiver}, "exporters": []any{"nop"}}
	}
	return confmap.NewRetrieved(map[string]any{
		"receivers": receivers,
		"exporters": map[string]any{"nop": nil},
		"service": map[string]any{"pipelines": map[string]any{
			"logs": logs, "metrics": pipeline, "traces": pipeline,
		}},
	})
}

// hasTelemetryReceiver reports whether the distribution can take telemetry of Lambda at all.
func hasTelemetryReceiver(set otelcol.CollectorSettings) bool {
	factories, err := set.Factories()
	return err == nil && factories.Receivers[component.MustNewType(telemetryReceiver)] != nil
}

func (p discardProvider) endpoint(name, fallback string) string {
	if value, _ := p.env.lookup(name); value != "" {
		return value
	}
	return fallback
}

func (discardProvider) Scheme() string                 { return discardScheme }
func (discardProvider) Shutdown(context.Context) error { return nil }
