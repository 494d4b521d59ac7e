// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/collector/service"
	"go.opentelemetry.io/collector/service/pipelines"
	"go.opentelemetry.io/collector/service/telemetry"
)

func TestConfigStruct(t *testing.T) {
	t.Parallel()
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
}

func TestConfig(t *testing.T) {
	t.Parallel()
	jsonDebug := env{levelVar: "debug", formatVar: "JSON"}
	tests := []struct {
		name     string
		env      env
		config   map[string]any
		level    zapcore.Level
		encoding string
		ignored  []string
	}{
		{name: "default", level: zapcore.WarnLevel, encoding: "console"},
		{name: "environment", env: jsonDebug, level: zapcore.DebugLevel, encoding: "json"},
		{
			name:   "the configuration comes before the environment",
			env:    jsonDebug,
			config: map[string]any{"logs": map[string]any{"level": "ERROR", "encoding": "console"}},
			level:  zapcore.ErrorLevel, encoding: "console",
		},
		{
			name:   "what the configuration does not say comes from the environment",
			env:    jsonDebug,
			config: map[string]any{"logs": map[string]any{"encoding": "console"}},
			level:  zapcore.DebugLevel, encoding: "console",
		},
		{
			name: "all that the stock telemetry takes is accepted",
			config: map[string]any{
				"logs": map[string]any{
					"level": "info", "development": true, "disable_caller": true, "disable_stacktrace": true,
					"sampling": map[string]any{"enabled": true, "initial": 10}, "output_paths": []any{"stdout"},
					"initial_fields": map[string]any{"a": "b"},
				},
				"metrics":  map[string]any{"level": "none", "readers": []any{}},
				"traces":   map[string]any{"processors": []any{map[string]any{"batch": nil}}},
				"resource": map[string]any{"service.name": nil},
			},
			level: zapcore.InfoLevel, encoding: "console",
			ignored: []string{
				"logs::development", "logs::disable_caller", "logs::disable_stacktrace", "logs::initial_fields",
				"logs::output_paths", "logs::sampling", "metrics", "traces", "resource",
			},
		},
		{
			name:   "empty sections",
			config: map[string]any{"logs": nil, "metrics": nil, "traces": map[string]any{}},
			level:  zapcore.WarnLevel, encoding: "console",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := newFactory(tt.env.lookup, &output{}).CreateDefaultConfig().(*Config)
			require.NoError(t, confmap.NewFromStringMap(tt.config).Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			assert.Equal(t, tt.level, cfg.Logs.Level)
			assert.Equal(t, tt.encoding, cfg.Logs.Encoding)
			assert.Equal(t, tt.ignored, cfg.ignored())
		})
	}
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]map[string]any{
		`encoding "xml" is not supported: use "console" or "json"`: {"logs": map[string]any{"encoding": "xml"}},
		`unrecognized level: "loud"`:                               {"logs": map[string]any{"level": "loud"}},
		`has invalid keys: log`:                                    {"log": map[string]any{"level": "info"}},
	} {
		cfg := newFactory(env{}.lookup, &output{}).CreateDefaultConfig()
		err := confmap.NewFromStringMap(config).Unmarshal(cfg)
		if err == nil {
			err = confmap.Validate(cfg)
		}
		require.ErrorContains(t, err, want)
	}
}

// The configuration is printed by print-config: what is ignored must not show there.
func TestIgnoredIsNotPrinted(t *testing.T) {
	t.Parallel()
	cfg := newFactory(env{}.lookup, &output{}).CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"logs":    map[string]any{"initial_fields": map[string]any{"token": "secret"}},
		"metrics": map[string]any{"headers": map[string]any{"authorization": "secret"}},
	}).Unmarshal(cfg))

	printed := confmap.New()
	require.NoError(t, printed.Marshal(cfg))
	assert.Equal(t, map[string]any{
		"logs":    map[string]any{"level": "warn", "encoding": "console"},
		"metrics": map[string]any{}, "traces": map[string]any{}, "resource": map[string]any{},
	}, printed.ToStringMap())
}

func TestCreateLogger(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		env    env
		config map[string]any
		want   string
	}{
		{name: "silent by default"},
		{
			name: "invalid level",
			env:  env{levelVar: "loud"},
			want: `WARN otelcol-lambda: "OPENTELEMETRY_EXTENSION_LOG_LEVEL" is "loud", which is not a level, and warn is used: ` +
				"set it to debug, info, warn or error\n",
		},
		{name: "ignored keys are not worth a warning", config: map[string]any{"metrics": map[string]any{"level": "none"}}},
		{
			name:   "ignored keys",
			env:    env{levelVar: "info"},
			config: map[string]any{"metrics": map[string]any{"level": "none"}},
			want: `INFO otelcol-lambda: some keys of service::telemetry have no effect in this distribution {"keys": ["metrics"]}` +
				"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out output
			factory := newFactory(tt.env.lookup, &out)
			cfg := factory.CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(tt.config).Unmarshal(cfg))
			_, shutdown, err := factory.CreateLogger(t.Context(), telemetry.LoggerSettings{}, cfg)
			require.NoError(t, err)
			require.NoError(t, shutdown.Shutdown(t.Context()))
			assert.Equal(t, tt.want, out.String())
		})
	}
}

// Options of otelcol.CollectorSettings come in through BuildZapLogger.
func TestBuildZapLoggerIsUsed(t *testing.T) {
	t.Parallel()
	var out output
	var hooked []string
	factory := newFactory(env{}.lookup, &out)
	set := telemetry.LoggerSettings{BuildZapLogger: func(cfg zap.Config, opts ...zap.Option) (*zap.Logger, error) {
		return cfg.Build(append(opts, zap.Hooks(func(e zapcore.Entry) error {
			hooked = append(hooked, e.Message)
			return nil
		}))...)
	}}
	logger, _, err := factory.CreateLogger(t.Context(), set, factory.CreateDefaultConfig())
	require.NoError(t, err)
	logger.Warn("here")
	assert.Equal(t, []string{"here"}, hooked)
	assert.Equal(t, "WARN otelcol-lambda: here\n", out.String())

	set.BuildZapLogger = func(zap.Config, ...zap.Option) (*zap.Logger, error) { return nil, errors.New("no") }
	_, _, err = factory.CreateLogger(t.Context(), set, factory.CreateDefaultConfig())
	require.EqualError(t, err, "no")
}

func TestProvidersAreNoOps(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	meters, err := factory.CreateMeterProvider(t.Context(), telemetry.MeterSettings{}, factory.CreateDefaultConfig())
	require.NoError(t, err)
	assert.IsType(t, noopmetric.Meter{}, meters.Meter("m"))
	require.NoError(t, meters.Shutdown(t.Context()))
	tracers, err := factory.CreateTracerProvider(t.Context(), telemetry.TracerSettings{}, factory.CreateDefaultConfig())
	require.NoError(t, err)
	assert.IsType(t, nooptrace.Tracer{}, tracers.Tracer("t"))
	require.NoError(t, tracers.Shutdown(t.Context()))
}

// The service runs with this telemetry, and its components log in our format.
func TestService(t *testing.T) {
	t.Parallel()
	var out output
	factory := newFactory(env{levelVar: "debug"}.lookup, &out)
	useless := receiver.NewFactory(component.MustNewType("useless"), func() component.Config { return &struct{}{} })
	uselessID := component.NewID(useless.Type())
	exporterFactory := exportertest.NewNopFactory()
	exporterID := component.NewID(exporterFactory.Type())
	nopReceiver := receivertest.NewNopFactory()
	nopReceiverID := component.NewID(nopReceiver.Type())
	ctx := context.Background()

	settings := service.Settings{
		BuildInfo:          component.NewDefaultBuildInfo(),
		ReceiversConfigs:   map[component.ID]component.Config{nopReceiverID: nopReceiver.CreateDefaultConfig(), uselessID: useless.CreateDefaultConfig()},
		ReceiversFactories: map[component.Type]receiver.Factory{nopReceiverID.Type(): nopReceiver, uselessID.Type(): useless},
		ExportersConfigs:   map[component.ID]component.Config{exporterID: exporterFactory.CreateDefaultConfig()},
		ExportersFactories: map[component.Type]exporter.Factory{exporterID.Type(): exporterFactory},
		TelemetryFactory:   factory,
	}
	config := service.Config{
		Telemetry: factory.CreateDefaultConfig(),
		Pipelines: pipelines.Config{pipeline.NewID(pipeline.SignalLogs): {
			Receivers: []component.ID{nopReceiverID}, Exporters: []component.ID{exporterID},
		}},
	}
	svc, err := service.New(ctx, settings, config)
	require.NoError(t, err)
	require.NoError(t, svc.Start(ctx))
	require.NoError(t, svc.Shutdown(ctx))
	assert.Contains(t, out.String(), "INFO otelcol-lambda: Everything is ready. Begin running and processing data.\n")
	assert.NotContains(t, out.String(), "service.instance.id")

	// A pipeline that cannot be built is one line.
	out.Reset()
	config.Pipelines[pipeline.NewID(pipeline.SignalLogs)].Receivers = []component.ID{uselessID}
	_, err = service.New(ctx, settings, config)
	require.Error(t, err)
	assert.Contains(t, out.String(), "ERROR otelcol-lambda: error found during service initialization {\"error\": ")
}
