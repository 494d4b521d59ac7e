// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"

	lambdacollector "github.com/otelcol-lambda/otelcol-lambda/collector"
	"github.com/otelcol-lambda/otelcol-lambda/components/lambdalifecycle"
	"github.com/otelcol-lambda/otelcol-lambda/components/lambdatelemetry"
	"github.com/otelcol-lambda/otelcol-lambda/components/secretsconfmap"
	"github.com/otelcol-lambda/otelcol-lambda/components/telemetryapireceiver"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// panickyVar makes this test binary a collector with an exporter that panics.
const panickyVar = "TEST_PANICKY_COLLECTOR"

// TestCrashIsSilent: whatever a collector says when it crashes, in the runtime's words or those of a panic that quotes
// its configuration, is one line without a secret in it. The collector is started again at once: the ports are open for
// the rest of the invocation.
func TestCrashIsSilent(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGQUIT": syscall.SIGQUIT, "SIGABRT": syscall.SIGABRT, "SIGSEGV": syscall.SIGSEGV} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t, nil)
			w := start(t, withAWS(aws), env(headersVar, threeSecrets))
			w.run(step{"log": "before"})
			done := make(chan lambdaemulator.Invocation)
			go func() {
				done <- w.try(step{"log": "sleeping"}, step{"sleep_ms": 3000}, step{"spans": 1, "name": "work"})
			}()
			require.Eventually(t, func() bool { return w.functionLines()["sleeping"] == 1 }, 10*time.Second, 10*time.Millisecond)
			w.signalCollector(sig)
			inv := <-done
			assert.Empty(t, inv.FunctionError)
			assert.Empty(t, w.replyOf(inv).ExportError, "the new collector takes it")
			w.run(step{"log": "after"})
			line := w.oneLine()
			assert.Contains(t, line, "the collector ended (")
			assert.Contains(t, line, ": SIG") // after how the process ended, which for SIGSEGV is one thing or the other
			assert.Contains(t, line, "started again at once")
			w.requireSilence()
			w.end()
			assert.Equal(t, 1, w.arrivedLines()["after"])
			assert.Equal(t, 1, w.backend.Counts().Spans-platformSpans(w))
		})
	}
	t.Run("panic", func(t *testing.T) {
		aws := startAWS(t, nil)
		w := start(t, withAWS(aws), withPanickyCollector(t), env(panickyVar, "1"), withYAML(t, `
receivers: { telemetryapi: { types: [function] } }
exporters: { panicky: { key: '${`+parameter+`}', note: '${`+jsonSecret+`#other}' } }
extensions: { lambda_lifecycle: { policy: end } }
service: { extensions: [lambda_lifecycle], pipelines: { logs: { receivers: [telemetryapi], exporters: [panicky] } } }
`))
		for range 3 {
			inv := w.run(step{"log": "panic now"})
			assert.Less(t, inv.Overrun(), 2500*time.Millisecond)
		}
		lines := w.extensionLines()
		require.NotEmpty(t, lines)
		assert.LessOrEqual(t, len(lines), 3)
		for _, line := range lines {
			assert.Contains(t, line, "panic (its text is not shown, because it may hold a secret) at ")
			assert.Contains(t, line, "crash_test.go:")
		}
		w.requireSilence()
		w.end()
		w.requireSilence()
	})
}

// platformSpans are those of Lambda's own events.
func platformSpans(w *world) (n int) {
	for _, s := range w.backend.Spans() {
		if strings.HasSuffix(s.Scope, "telemetryapireceiver") {
			n++
		}
	}
	return n
}

// withPanickyCollector puts this test binary in the place of the layer's collector.
func withPanickyCollector(t *testing.T) func(*lambdaemulator.Config) {
	layer := filepath.Join(t.TempDir(), "layer")
	require.NoError(t, os.CopyFS(layer, os.DirFS(built.layer)))
	self, err := os.Executable()
	require.NoError(t, err)
	place := filepath.Join(layer, "otelcol-lambda", "collector")
	require.NoError(t, os.Remove(place))
	require.NoError(t, os.Symlink(self, place))
	return func(cfg *lambdaemulator.Config) { cfg.Layer = layer }
}

// runPanickyCollector is the main function of such a collector.
func runPanickyCollector() error {
	panicky := component.MustNewType("panicky")
	return lambdacollector.Run(otelcol.CollectorSettings{
		Factories: func() (otelcol.Factories, error) {
			return otelcol.Factories{
				Telemetry:  lambdatelemetry.NewFactory(),
				Extensions: map[component.Type]extension.Factory{lambdalifecycle.NewFactory().Type(): lambdalifecycle.NewFactory()},
				Processors: map[component.Type]processor.Factory{},
				Receivers:  map[component.Type]receiver.Factory{telemetryapireceiver.NewFactory().Type(): telemetryapireceiver.NewFactory()},
				Exporters: map[component.Type]exporter.Factory{panicky: exporter.NewFactory(panicky, func() component.Config { return &panickyConfig{} },
					exporter.WithLogs(func(_ context.Context, _ exporter.Settings, cfg component.Config) (exporter.Logs, error) {
						return panickyExporter{cfg: cfg.(*panickyConfig)}, nil
					}, component.StabilityLevelDevelopment))},
			}, nil
		},
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory(), secretsconfmap.NewFactory()},
		}},
	})
}

type panickyConfig struct {
	Key  string              `mapstructure:"key"`
	Note configopaque.String `mapstructure:"note"`
}

type panickyExporter struct {
	component.StartFunc
	component.ShutdownFunc
	cfg *panickyConfig
}

func (panickyExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (e panickyExporter) ConsumeLogs(context.Context, plog.Logs) error {
	panic(fmt.Errorf("cannot send with key %q:\n%v %s", e.cfg.Key, e.cfg, string(e.cfg.Note)))
}
