// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

var typ = component.MustNewType("telemetryapi")

// lifecycle is an extension that delivers what a test gives it.
type lifecycle struct {
	component.StartFunc
	component.ShutdownFunc
	types        []string
	subscribed   int
	unsubscribed int
	deliver      func(context.Context, []lambdaapi.TelemetryEvent)
}

func (l *lifecycle) SubscribeTelemetry(types []string, consume func(context.Context, []lambdaapi.TelemetryEvent)) func() {
	l.types, l.deliver = types, consume
	l.subscribed++
	return func() { l.unsubscribed++ }
}

// host has the given extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

var lifecycleID = component.MustNewID(lifecycleType)

func decode(t testing.TB, body string) []lambdaapi.TelemetryEvent {
	t.Helper()
	events, err := lambdaapi.AppendTelemetry(nil, []byte(body))
	require.NoError(t, err)
	return events
}

func TestFactory(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	assert.Equal(t, typ, factory.Type())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
	assert.NoError(t, confmap.Validate(factory.CreateDefaultConfig()))
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	for want, yaml := range map[string]map[string]any{
		"": {
			"types": []any{"extension", "function", "platform"}, "log_report": true, "port": 4325,
			"metrics_temporality": "cumulative", "export_interval_ms": 60000, // all keys of opentelemetry-lambda's receiver
			"logs":      map[string]any{"function_level": "info", "extension_level": "WARN", "own": false},
			"traces":    map[string]any{"invocation": "never"},
			"metrics":   map[string]any{"temporality": "cumulative", "interval": "1m"},
			"buffering": map[string]any{"timeout": "30s", "max_bytes": 262144, "max_items": 1000},
		},
		`buffering::timeout: 24ms is not from 25ms to 30s in whole milliseconds`:                   {"buffering": map[string]any{"timeout": "24ms"}},
		`buffering::timeout: 30.001s is not from 25ms to 30s in whole milliseconds`:                {"buffering": map[string]any{"timeout": "30001ms"}},
		`buffering::timeout: 25.5ms is not from 25ms to 30s in whole milliseconds`:                 {"buffering": map[string]any{"timeout": "25500us"}},
		`buffering::max_bytes: 262143 is not from 262144 to 1048576`:                               {"buffering": map[string]any{"max_bytes": 262143}},
		`buffering::max_bytes: 1048577 is not from 262144 to 1048576`:                              {"buffering": map[string]any{"max_bytes": 1048577}},
		`buffering::max_items: 999 is not from 1000 to 10000`:                                      {"buffering": map[string]any{"max_items": 999}},
		`buffering::max_items: 10001 is not from 1000 to 10000`:                                    {"buffering": map[string]any{"max_items": 10001}},
		`port: 65536 is not from 0 to 65535`:                                                       {"port": 65536},
		`types: unknown value "logs": use one of ["function" "extension" "platform"]`:              {"types": []any{"function", "logs"}},
		`logs::function_level: unknown level "loud": use trace, debug, info, warn, error or fatal`: {"logs": map[string]any{"function_level": "loud"}},
		`logs::extension_level: unknown level "7": use trace, debug, info, warn, error or fatal`:   {"logs": map[string]any{"extension_level": "7"}},
		`traces::invocation: unknown value "": use one of ["auto" "always" "never"]`:               {"traces": map[string]any{"invocation": ""}},
		`metrics::temporality: unknown value "both": use one of ["delta" "cumulative"]`:            {"metrics": map[string]any{"temporality": "both"}},
		`metrics_temporality: unknown value "both": use one of ["delta" "cumulative"]`:             {"metrics_temporality": "both"},
		`metrics::interval: must be more than 0`:                                                   {"metrics": map[string]any{"interval": "0s"}},
		`export_interval_ms: must not be negative`:                                                 {"export_interval_ms": -1},
	} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(yaml).Unmarshal(cfg))
		err := cfg.Validate()
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, time.Minute, cfg.interval())
			assert.Equal(t, cumulative, cfg.temporality())
			assert.Equal(t, lambdaapi.Buffering{MaxItems: 1000, MaxBytes: 262144, TimeoutMs: 30000}, cfg.buffering())
			continue
		}
		require.EqualError(t, err, want)
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig()
	sink := new(consumertest.LogsSink)
	r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(typ), cfg, sink)
	require.NoError(t, err)
	same, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(typ), cfg, sink)
	require.NoError(t, err)
	assert.Same(t, r, same, "one receiver for each configuration")

	source := &lifecycle{}
	h := host{component.MustNewID("other"): &struct{ component.Component }{}, lifecycleID: source}
	require.NoError(t, r.Start(t.Context(), h))
	require.NoError(t, same.Start(t.Context(), h))
	assert.Equal(t, 1, source.subscribed)
	assert.Equal(t, []string{"extension", "function", "platform"}, source.types)

	source.deliver(t.Context(), decode(t, `[{"time":"2022-10-12T00:03:50.000Z","type":"platform.start","record":{"requestId":"a"}}]`))
	assert.Empty(t, sink.AllLogs(), "nothing to log, nothing sent")
	source.deliver(t.Context(), decode(t, `[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"hello"}]`))
	require.Len(t, sink.AllLogs(), 1)
	record := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "hello", record.Body().Str())
	assert.Equal(t, map[string]any{"faas.invocation_id": "a"}, record.Attributes().AsRaw())

	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, 1, source.unsubscribed)
	fresh, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(typ), cfg, sink)
	require.NoError(t, err)
	assert.NotSame(t, r, fresh, "a receiver that was shut down is not used again")
}

func TestShutdownUnstarted(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(typ), factory.CreateDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestStartWithoutALifecycle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		extensions host
		want       string
	}{
		"none":       {nil, `no extension "lambda_lifecycle", which delivers Lambda telemetry: add it to service::extensions`},
		"only other": {host{component.MustNewID("other"): &struct{ component.Component }{}}, `no extension "lambda_lifecycle", which delivers Lambda telemetry: add it to service::extensions`},
		"wrong kind": {host{lifecycleID: &struct{ component.Component }{}}, `extension "lambda_lifecycle" does not deliver Lambda telemetry: build it and this receiver from the same version of otelcol-lambda`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			factory := NewFactory()
			r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(typ), factory.CreateDefaultConfig(), consumertest.NewNop())
			require.NoError(t, err)
			require.EqualError(t, r.Start(t.Context(), tt.extensions), tt.want)
			require.EqualError(t, r.Start(t.Context(), tt.extensions), tt.want, "for every signal that shares the receiver")
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

// What the pipeline refuses is counted, and said once a minute: the line comes back as telemetry.
func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.WarnLevel)
	set := receivertest.NewNopSettings(typ)
	set.Logger = zap.New(core)
	now := time.Date(2022, 10, 12, 0, 3, 50, 0, time.UTC)
	r, err := newReceiver(set, createDefaultConfig().(*Config), noenv, func() time.Time { return now })
	require.NoError(t, err)
	r.forget = func() {}
	r.logs = consumertest.NewErr(errors.New("out of memory"))
	require.NoError(t, r.Start(t.Context(), host{lifecycleID: &lifecycle{}}))

	batch := decode(t, `[{"type":"function","record":"a"},{"type":"function","record":"b"}]`)
	for range 3 {
		r.consume(t.Context(), batch)
	}
	now = now.Add(warnInterval)
	r.consume(t.Context(), batch)

	require.Equal(t, 2, lines.Len())
	assert.Equal(t, map[string]any{"items": int64(2), "error": "out of memory"}, lines.All()[0].ContextMap())
	assert.Equal(t, map[string]any{"items": int64(6), "error": "out of memory"}, lines.All()[1].ContextMap())
}

func noenv(string) string { return "" }
