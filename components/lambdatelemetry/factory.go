// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"context"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
)

// NewFactory returns the factory of the Collector's own telemetry: a logger to standard error, configured by the
// process environment and the configuration; no resource; no-op meter and tracer providers.
//
// Standard error, not standard output: Lambda takes both, and on a laptop standard output is left to what a command
// was asked for (print-config, the debug exporter).
func NewFactory() telemetry.Factory {
	return newFactory(os.LookupEnv, zapcore.Lock(os.Stderr))
}

func newFactory(lookupEnv func(string) (string, bool), w zapcore.WriteSyncer) telemetry.Factory {
	return telemetry.NewFactory(
		func() component.Config { return createDefaultConfig(lookupEnv) },
		telemetry.WithCreateLogger(func(
			_ context.Context, set telemetry.LoggerSettings, cfg component.Config,
		) (*zap.Logger, component.ShutdownFunc, error) {
			logger, err := createLogger(set, cfg.(*Config), w)
			if err != nil {
				return nil, nil, err
			}
			if _, err := levelFromEnv(lookupEnv); err != nil {
				logger.Warn(err.Error())
			}
			return logger, nil, nil
		}),
	)
}

func createDefaultConfig(lookupEnv func(string) (string, bool)) component.Config {
	level, _ := levelFromEnv(lookupEnv) // The logger reports the error, once there is one.
	return &Config{Logs: LogsConfig{Level: level, Encoding: encodingFromEnv(lookupEnv)}}
}

// createLogger builds through set.BuildZapLogger, because that is where the options of otelcol.CollectorSettings come
// in; the core that it builds is replaced by ours.
func createLogger(set telemetry.LoggerSettings, cfg *Config, w zapcore.WriteSyncer) (*zap.Logger, error) {
	build := set.BuildZapLogger
	if build == nil {
		build = zap.Config.Build
	}
	core := newCore(cfg.Logs.Level, cfg.Logs.Encoding, w)
	logger, err := build(zap.Config{
		Level:             zap.NewAtomicLevelAt(cfg.Logs.Level),
		Encoding:          cfg.Logs.Encoding,
		ErrorOutputPaths:  []string{"stderr"},
		DisableCaller:     true,
		DisableStacktrace: true,
	}, zap.WrapCore(func(zapcore.Core) zapcore.Core { return core }))
	if err != nil {
		return nil, err
	}
	logger = logger.Named(loggerName)
	if ignored := cfg.ignored(); len(ignored) > 0 {
		logger.Info("some keys of service::telemetry have no effect in this distribution", zap.Strings("keys", ignored))
	}
	return logger, nil
}
