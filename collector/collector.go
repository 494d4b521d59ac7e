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
	"slices"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdatelemetry"
	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// Run runs the Collector: under the supervisor as a Lambda extension, else as the ordinary Collector command, with
// the same components and the same default configuration, so that users can check both before they deploy.
func Run(set otelcol.CollectorSettings) error {
	env := environment{lookup: os.LookupEnv, exists: fileExists}
	set.Factories = adapted(set.Factories, env.bufferBytes())
	resolver := &set.ConfigProviderSettings.ResolverSettings
	resolver.URIs = env.configURIs()
	refs := &references{unresolved: printsConfig(os.Args)}
	resolver.ProviderFactories = refs.follow(resolver.ProviderFactories)
	set.LoggingOptions = append(set.LoggingOptions, zap.WrapCore(refs.masks.core))
	if os.Getenv(control.EnvVar) != "" {
		return runSupervised(set, env)
	}
	command := otelcol.NewCommand(set)
	command.SilenceErrors = true // it would print them as they are
	err := refs.masks.error(command.Execute())
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
	}
	return err
}

// printsConfig tells whether the command line asks for the configuration: secrets are not for the eyes, and a laptop
// may not be allowed to read them.
func printsConfig(args []string) bool {
	return slices.Contains(args, "print-config") || slices.Contains(args, "print-initial-config")
}

// runSupervised runs until Lambda ends the environment, and says why if it ends before.
func runSupervised(set otelcol.CollectorSettings, env environment) error {
	restoreGC := pauseGC()
	logger := lambdatelemetry.NewLogger(os.LookupEnv, zapcore.Lock(os.Stderr)).WithOptions(set.LoggingOptions...)
	link, err := control.OpenLink()
	if err == nil {
		err = errors.Join(follow(set, env, link, logger, restoreGC), link.Close())
	}
	if err != nil {
		logger.Error("The Collector ends: " + oneLine(err))
	}
	return err
}

// follow runs the configured Collector over the life of the environment. Whatever is wrong with the configuration is
// one line in the log; the Collector then takes what the function sends and discards it, because an SDK that cannot
// reach its endpoint waits and retries in the function's time.
func follow(set otelcol.CollectorSettings, env environment, link *control.Link, logger *zap.Logger, restoreGC func(int64)) error {
	resolver := &set.ConfigProviderSettings.ResolverSettings
	resolver.ProviderSettings.Logger, resolver.ConverterSettings.Logger = logger, logger
	resolver.DefaultScheme = envScheme // ${NAME} is ${env:NAME}, as with the Collector's own command

	ctx := context.Background()
	s, err := startService(ctx, set, link)
	if err != nil {
		logger.Error("Telemetry is accepted and discarded: " + env.advice(err))
		discard := discardProvider{env: env}
		if isTemporary(err) {
			defer startHealing(*resolver, link, logger)()
			discard.subscribes = hasTelemetryReceiver(set)
		}
		resolver.URIs, resolver.DefaultScheme = []string{discardScheme + ":"}, ""
		resolver.ProviderFactories = []confmap.ProviderFactory{discard.factory()}
		if s, err = startService(ctx, set, link); err != nil {
			return err
		}
	}
	restoreGC(env.memoryLimit())
	return s.runUntilShutdown(ctx)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
