// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// loadPatience is how long the configuration may take to come: longer than secrets may, which have a limit and an error
// of their own, and shorter than the supervisor waits for the Collector, in INIT and where it takes another one's place.
const loadPatience = 1800 * time.Millisecond

// load loads a configuration, within loadPatience.
func load(ctx context.Context, set otelcol.ConfigProviderSettings, factories otelcol.Factories) (*otelcol.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, loadPatience)
	defer cancel()
	return loadConfig(ctx, set, factories)
}

// loadConfig resolves and checks a configuration.
func loadConfig(ctx context.Context, set otelcol.ConfigProviderSettings, factories otelcol.Factories) (*otelcol.Config, error) {
	provider, err := otelcol.NewConfigProvider(set)
	if err != nil {
		return nil, err
	}
	cfg, err := provider.Get(ctx, factories)
	if err == nil {
		err = confmap.Validate(cfg)
	}
	if err = errors.Join(err, provider.Shutdown(ctx)); err != nil {
		return nil, err
	}
	return cfg, nil
}
