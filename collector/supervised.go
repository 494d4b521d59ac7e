// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"errors"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// invalidConfig is the type of the error that fails INIT in strict mode. Lambda shows it.
const invalidConfig = "Extension.ConfigInvalid"

// runSupervised runs until Lambda ends the environment, and says why if it ends before. configErr is what is known to be
// wrong with the configuration already.
func runSupervised(ctx context.Context, set otelcol.CollectorSettings, env environment, renewer *renewer, logger *zap.Logger, configErr error) error {
	restoreGC := pauseGC()
	redirectLogs(logger)
	logger.Info("Configuration: " + env.configSource())
	link, err := control.OpenLink()
	if err == nil {
		f := follower{set: set, env: env, link: link, renewer: renewer, logger: logger}
		err = errors.Join(f.follow(ctx, configErr, restoreGC), link.Close())
	}
	if err != nil {
		logger.Error("The Collector ends: " + oneLine(err))
	}
	return err
}

// follower runs the Collector over the life of an environment.
type follower struct {
	set     otelcol.CollectorSettings
	env     environment
	link    *control.Link
	renewer *renewer
	logger  *zap.Logger
}

// follow runs the configured Collector. Whatever is wrong with the configuration is one line in the log; the Collector
// then takes what the function sends and discards it, because an SDK that cannot reach its endpoint waits and retries
// in the function's time.
func (f *follower) follow(ctx context.Context, configErr error, started func(memoryLimit int64)) error {
	resolver := &f.set.ConfigProviderSettings.ResolverSettings
	resolver.ProviderSettings.Logger, resolver.ConverterSettings.Logger = f.logger, f.logger
	resolver.DefaultScheme = envScheme // ${NAME} is ${env:NAME}, as with the Collector's own command

	var s *runningService
	err := configErr
	if err == nil {
		s, err = startService(ctx, f.set, f.link, f.renewer)
	}
	if err != nil {
		if err := f.report(err); err != nil {
			return err
		}
		temporary, configured := isTemporary(err), *resolver
		discard := discardProvider{env: f.env, subscribes: temporary && hasTelemetryReceiver(f.set)}
		resolver.URIs, resolver.DefaultScheme = []string{discardScheme + ":"}, ""
		resolver.ProviderFactories = []confmap.ProviderFactory{discard.factory()}
		if s, err = startService(ctx, f.set, f.link, f.renewer); err != nil {
			return err
		}
		if temporary {
			defer startHealing(configured, f.link, f.logger)()
		}
	}
	started(f.env.memoryLimit())
	return s.runUntilShutdown(ctx)
}

// report says what is wrong with the configuration. In strict mode it also has the supervisor fail INIT, and returns only if
// INIT is over: there is no more to be said before the end.
func (f *follower) report(err error) error {
	advice := f.env.advice(err)
	if !f.env.strict() {
		f.logger.Error("Telemetry is accepted and discarded: " + advice)
		return nil
	}
	f.logger.Error("The configuration is invalid: " + advice)
	body, err := json.Marshal(map[string]any{"errorType": invalidConfig, "errorMessage": advice, "stackTrace": []string{}})
	if err != nil {
		return err
	}
	if err := f.link.Send(control.Fail, invalidConfig+" "+string(body)); err != nil {
		return err
	}
	_, _, err = f.link.Receive() // control.Refused
	return err
}
