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
// of their own, and shorter than the supervisor waits for the Collector in INIT. The providers of http, https and s3
// have no limit, and every invocation would wait for a Collector that waits for them.
const loadPatience = 1800 * time.Millisecond

// loadError is that of a configuration that has not come in time, and may come yet.
type loadError struct {
	done <-chan struct{} // closed when it has come, or failed to
}

func (*loadError) Error() string {
	return "the configuration has not come in " + loadPatience.String() + ": check the way to it, for example from inside the function's VPC"
}

// Temporary tells that another attempt may go well.
func (*loadError) Temporary() bool { return true }

// load loads a configuration, within loadPatience.
func load(ctx context.Context, set otelcol.ConfigProviderSettings, factories otelcol.Factories) (*otelcol.Config, error) {
	var (
		cfg  *otelcol.Config
		err  error
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		cfg, err = loadConfig(ctx, set, factories)
	}()
	select {
	case <-done:
		return cfg, err
	case <-time.After(loadPatience):
		return nil, &loadError{done: done}
	}
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
