// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package collector runs the components that the OpenTelemetry Collector Builder put together as a Lambda extension:
// it is what the builder's manifest cannot say. The generated main calls Run.
package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdatelemetry"
	"github.com/otelcol-lambda/otelcol-lambda/components/rotelconfmap"
	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// Run runs the Collector: under the supervisor as a Lambda extension, else as the ordinary Collector command, with
// the same components and the same default configuration, so that users can check both before they deploy. What is wrong
// it has said on standard error.
func Run(set otelcol.CollectorSettings) error {
	supervised := os.Getenv(control.EnvVar) != ""
	if supervised {
		os.Stderr = control.LogFile()
	}
	env := environment{lookup: os.LookupEnv, exists: fileExists}
	warning, err := env.applyEnvFile()
	refs := &references{unresolved: printsConfig(os.Args)}
	renewer := newRenewer(refs)
	made := catalogue{make: adapted(set.Factories, adaptation{
		bufferBytes: env.bufferBytes(), strict: env.strict(), ownMetrics: env.ownMetrics(), credentials: renewer,
	})}
	set.Factories = made.factories
	resolver := &set.ConfigProviderSettings.ResolverSettings
	resolver.URIs = env.configURIs()
	resolver.ProviderFactories = refs.follow(resolver.ProviderFactories)
	resolver.ConverterFactories = append(rotelconfmap.ListConverters(os.Environ()), resolver.ConverterFactories...)
	set.LoggingOptions = append(set.LoggingOptions, zap.WrapCore(refs.masks.core))
	ctx := rotelconfmap.WithComponents(context.Background(), made.has)
	logger := lambdatelemetry.NewLogger(os.LookupEnv, zapcore.Lock(os.Stderr)).WithOptions(set.LoggingOptions...)
	if warning != "" {
		logger.Warn(warning)
	}
	if supervised {
		new(direct).shorten(resolver)
		return runSupervised(ctx, set, env, renewer, logger, err)
	}
	if err == nil {
		for i, f := range resolver.ProviderFactories {
			resolver.ProviderFactories[i] = logging(f, logger)
		}
		err = runCommand(ctx, set, &refs.masks)
	}
	if err != nil && validates(os.Args) && !errors.Is(err, ErrUsage) {
		err = env.invalid(os.Args, err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
	}
	return err
}

// recovered returns a panic of f as an error: what the runtime would print of it may hold secrets.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// logging gives a provider a logger that shows what it says: the command shows that only once a configuration runs,
// and never to those who validate one.
func logging(f confmap.ProviderFactory, logger *zap.Logger) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		set.Logger = logger
		return f.Create(set)
	})
}

// printsConfig tells whether the command line asks for the configuration: secrets are not for the eyes, and a laptop
// may not be allowed to read them.
func printsConfig(args []string) bool {
	return slices.Contains(args, "print-config") || slices.Contains(args, "print-initial-config")
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
