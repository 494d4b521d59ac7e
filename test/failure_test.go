// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// brokenConfigurations are mistakes, and parts of the one line that is said about each.
var brokenConfigurations = map[string]struct {
	yaml string // written to a file; else
	env  []string
	want []string
}{
	"invalid endpoint": {
		env:  []string{"ROTEL_OTLP_EXPORTER_ENDPOINT", "http://host:port:4318/x y"},
		want: []string{"ERROR", "ROTEL_OTLP_EXPORTER_ENDPOINT"},
	},
	"invalid protocol": {
		env:  []string{"ROTEL_OTLP_EXPORTER_PROTOCOL", "smoke"},
		want: []string{"ERROR", "ROTEL_OTLP_EXPORTER_PROTOCOL"},
	},
	"YAML syntax": {
		yaml: "receivers:\n  otlp: [\n",
		want: []string{"ERROR", "yaml", "collector.yaml"},
	},
	"unknown component": {
		yaml: "receivers: { otlpp: }\nexporters: { nop: }\nservice: { pipelines: { logs: { receivers: [otlpp], exporters: [nop] } } }\n",
		want: []string{"ERROR", "otlpp", "collector.yaml"},
	},
	"invalid endpoint in YAML": {
		yaml: "receivers: { otlp: { protocols: { http: } } }\nexporters: { otlp_http: { endpoint: '' } }\n" +
			"service: { pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } } }\n",
		want: []string{"ERROR", "endpoint", "collector.yaml"},
	},
	"cannot start": {
		yaml: "receivers: { otlp: { protocols: { http: } } }\nexporters: { otlp_http: { endpoint: 'http://localhost:1', tls: { ca_file: /nowhere/ca.pem } } }\n" +
			"service: { pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } } }\n",
		want: []string{"ERROR", "/nowhere/ca.pem", "collector.yaml"},
	},
	"missing file": {
		env:  []string{"OPENTELEMETRY_COLLECTOR_CONFIG_URI", "/var/task/nowhere.yaml"},
		want: []string{"ERROR", "/var/task/nowhere.yaml"},
	},
}

// TestBrokenConfiguration: whatever is wrong, the function runs as if we were not there, its SDK's exports are
// accepted at once, and one line says what to do (trap 24).
func TestBrokenConfiguration(t *testing.T) {
	for name, tt := range brokenConfigurations {
		t.Run(name, func(t *testing.T) {
			configure := []func(*lambdaemulator.Config){env(tt.env...)}
			if tt.yaml != "" {
				configure = append(configure, withYAML(t, tt.yaml))
			}
			w := start(t, configure...)
			w.requireUnharmed()
			line := w.oneLine()
			for _, part := range tt.want {
				assert.Contains(t, line, part)
			}
			assert.NotContains(t, line, token)
			w.end()
			assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
		})
	}
}

// requireUnharmed requires that invocations go well and last no longer, and that what the SDK exports is accepted.
func (w *world) requireUnharmed() {
	w.t.Helper()
	for range 2 {
		inv := w.run(step{"log": "unharmed"}, step{"spans": 1, "name": "work"})
		assert.Less(w.t, inv.Overrun(), 500*time.Millisecond)
		assert.Empty(w.t, w.replyOf(inv).ExportError, "the SDK is not left waiting")
	}
}

// TestPortTaken: a taken OTLP port, of either protocol, is one line; function logs still flow (trap 29). The port of the
// telemetry is any that is free, whatever a YAML says.
func TestPortTaken(t *testing.T) {
	for _, variable := range []string{"ROTEL_OTLP_GRPC_ENDPOINT", "ROTEL_OTLP_HTTP_ENDPOINT"} {
		t.Run(variable, func(t *testing.T) {
			taken := takePort(t)
			w := start(t, env(variable, taken))
			w.run(step{"log": "logs flow"})
			w.requireAllArrived()
			line := w.oneLine()
			assert.Contains(t, line, "address already in use")
			assert.Contains(t, line, taken)
			w.end()
		})
	}
	t.Run("telemetry", func(t *testing.T) {
		_, port, err := net.SplitHostPort(takePort(t))
		require.NoError(t, err)
		w := start(t, env("HEADER_VALUE", token), withYAML(t, strings.Replace(logsToBackend, "telemetryapi:", "telemetryapi: { port: "+port+" }", 1)))
		w.run(step{"log": "logs flow"})
		w.requireAllArrived()
		assert.Empty(t, w.extensionLines())
		w.end()
	})
}

// takePort listens where nobody else can then.
func takePort(t *testing.T) (address string) {
	t.Helper()
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	return taken.Addr().String()
}

// TestCollectorKilled: the collector dies in the middle of an invocation; the function's answers are unharmed, and
// telemetry flows again on a later invocation.
func TestCollectorKilled(t *testing.T) {
	w := start(t)
	w.run(step{"log": "before"})
	done := make(chan lambdaemulator.Invocation)
	go func() { done <- w.try(step{"log": "sleeping"}, step{"sleep_ms": 1000}, step{"log": "awake"}) }()
	require.Eventually(t, func() bool { return w.functionLines()["sleeping"] == 1 }, 10*time.Second, 10*time.Millisecond)
	w.killCollector()
	inv := <-done
	assert.Empty(t, inv.FunctionError)
	assert.Equal(t, "success", inv.Status)
	w.run(step{"log": "after"})
	w.run(step{"spans": 2, "name": "work"})
	arrived := w.arrivedLines()
	assert.Equal(t, 1, arrived["before"])
	assert.Equal(t, 1, arrived["after"])
	assert.Equal(t, 1, arrived["awake"], "what nobody took while the collector was down waits for the next one")
	assert.Len(t, functionSpans(w.backend), 2)
	assert.Contains(t, w.oneLine(), "the collector ended (signal: killed)")
	w.end()
}

// TestCollectorStuck: a collector that hangs holds an invocation no longer than its deadline, is replaced, and does
// not fail the function.
func TestCollectorStuck(t *testing.T) {
	w := start(t, timeout(2*time.Second))
	// A machine that has other things to do may be too slow to act in the last 50 ms, but not every time.
	require.Eventually(t, func() bool {
		w.run(step{"log": "before"})
		w.signalCollector(syscall.SIGSTOP)
		return w.run().Status == "success"
	}, 2*time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		w.run(step{"log": "after"})
		return w.arrivedLines()["after"] > 0
	}, 2*time.Minute, 10*time.Millisecond)
	assert.Contains(t, strings.Join(w.extensionLines(), "\n"), "the collector does not answer and is stopped")
	w.end()
}

// TestProxyVariables: HTTP_PROXY is for the backend; the Lambda APIs stay direct (trap 32).
func TestProxyVariables(t *testing.T) {
	proxied := make(chan string, 100)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	proxy := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied <- r.URL.String()
		w.WriteHeader(http.StatusOK)
	})}
	go func() { _ = proxy.Serve(listener) }()
	defer func() { _ = proxy.Close() }()
	w := start(t, env("HTTP_PROXY", "http://"+listener.Addr().String(), "ROTEL_OTLP_EXPORTER_ENDPOINT", "http://backend.example:4318"))
	w.run(step{"log": "through the proxy"})
	var urls []string
	for len(proxied) > 0 {
		urls = append(urls, <-proxied)
	}
	assert.Contains(t, urls, "http://backend.example:4318/v1/logs")
	for _, url := range urls {
		assert.Contains(t, url, "http://backend.example:4318/v1/")
	}
	assert.Empty(t, w.extensionLines())
}

// TestWithoutTelemetryAPI: under SAM and the like there are no function logs, but OTLP, no wait for events that never
// come, and one line (trap 30).
func TestWithoutTelemetryAPI(t *testing.T) {
	for name, support := range map[string]lambdaemulator.TelemetrySupport{
		"202": lambdaemulator.TelemetryStub, "404": lambdaemulator.TelemetryMissing,
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(cfg *lambdaemulator.Config) { cfg.Telemetry = support })
			inv := w.run(step{"log": "unseen"}, step{"spans": 2, "name": "work"})
			assert.Less(t, inv.Overrun(), 500*time.Millisecond)
			w.end()
			assert.Len(t, functionSpans(w.backend), 2)
			assert.Contains(t, w.oneLine(), "no Telemetry API")
		})
	}
}

// TestNothingConfigured: without an endpoint everything is accepted and discarded, and one line says so.
func TestNothingConfigured(t *testing.T) {
	w := start(t, env("ROTEL_OTLP_EXPORTER_ENDPOINT", "", "ROTEL_OTLP_EXPORTER_PROTOCOL", "", "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", ""))
	inv := w.run(step{"log": "unheard"}, step{"spans": 1, "name": "work"})
	assert.Empty(t, w.replyOf(inv).ExportError)
	assert.Contains(t, w.oneLine(), "ROTEL_OTLP_EXPORTER_ENDPOINT")
	w.end()
}

// TestWrongKey: a backend that refuses the key is one line that says so, without the key, and not a storm of requests.
func TestWrongKey(t *testing.T) {
	w := start(t, env("ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", "authorization=wrong-secret"))
	for range 5 {
		w.run(step{"log": "refused"})
	}
	// Three signals, each told of the refusal in the first invocation and a few times after.
	assert.LessOrEqual(t, len(w.backend.Requests()), 3*5)
	all := strings.Join(w.extensionLines(), "\n")
	assert.Contains(t, all, "401")
	assert.NotContains(t, all, "wrong-secret")
	w.end()
}

// collectorPID finds the collector among the processes of the environment.
func (w *world) collectorPID() int {
	w.t.Helper()
	for _, p := range w.ExtensionProcesses() {
		if p.Command == "collector" {
			return p.PID
		}
	}
	w.t.Fatal("no collector process")
	return 0
}

func (w *world) killCollector() { w.signalCollector(syscall.SIGKILL) }

func (w *world) signalCollector(sig syscall.Signal) {
	w.t.Helper()
	require.NoError(w.t, syscall.Kill(w.collectorPID(), sig))
}
