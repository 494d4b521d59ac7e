// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdalifecycle is the extension that knows where in the life of a Lambda environment the Collector is.
// It owns the one Telemetry API subscription, hands its events to the receivers in order, and after each invocation
// has the exporters' buffers flushed before the environment may be frozen. Every wait ends before the deadline that
// Lambda gave.
package lambdalifecycle

import (
	"context"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// NewFactory returns the factory of the lambda_lifecycle extension.
func NewFactory() extension.Factory {
	return newFactory(os.LookupEnv)
}

func newFactory(lookupEnv func(string) (string, bool)) extension.Factory {
	return extension.NewFactory(
		component.MustNewType("lambda_lifecycle"),
		func() component.Config { return createDefaultConfig(lookupEnv) },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			initialization, _ := lookupEnv(lambdaapi.InitializationTypeVar)
			return newLifecycle(cfg.(*Config), initialization, set.Logger), nil
		},
		component.StabilityLevelAlpha,
	)
}
