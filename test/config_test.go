// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// otherBackend starts one more backend, which takes one authorization header.
func otherBackend(t *testing.T, authorization string) *otlpbackend.Backend {
	t.Helper()
	b, err := otlpbackend.Start(otlpbackend.Config{AuthToken: authorization})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

// file writes a file for the layer to read.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestRotelUser: what ClickHouse's guide has users of the Rotel extension set is all that is needed: a base endpoint,
// the protocol, the header. Rotel's other variables make no noise.
func TestRotelUser(t *testing.T) {
	backend := otherBackend(t, "Bearer YOUR_API_KEY")
	w := start(t, env(
		"ROTEL_OTLP_EXPORTER_ENDPOINT", backend.HTTPEndpoint(),
		"ROTEL_OTLP_EXPORTER_PROTOCOL", "http",
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", "Authorization=Bearer YOUR_API_KEY",
		"ROTEL_OTEL_RESOURCE_ATTRIBUTES", "service.name=my-lambda,deployment.environment=production",
		"ROTEL_BATCH_TIMEOUT", "0ms", "ROTEL_EXPORTER_RETRY_MAX_ELAPSED_TIME", "1s", "ROTEL_ENVIRONMENT", "prod",
		"ROTEL_TELEMETRY_ENDPOINT", "0.0.0.0:8990",
	))
	w.backend = backend
	w.run(step{"log": "from a Rotel user"}, step{"spans": 2, "name": "work"}, step{"metric": 1})
	w.requireAllArrived()
	assert.Empty(t, w.extensionLines())
	for _, resource := range []map[string]any{backend.Logs()[0].Resource, backend.Spans()[0].Resource, backend.DataPoints()[0].Resource} {
		assert.Equal(t, "my-lambda", resource["service.name"])
		assert.Equal(t, "production", resource["deployment.environment"])
	}
	w.end()
}

// TestSeveralBackends: named exporters, one of them with credentials of its own; one that cannot be set up is one line.
func TestSeveralBackends(t *testing.T) {
	traces := otherBackend(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("me:pass:word$")))
	w := start(t, func(cfg *lambdaemulator.Config) {
		for name, value := range map[string]string{
			"ROTEL_EXPORTERS":                           "main:otlp,traces:otlp,lost:datadog",
			"ROTEL_EXPORTERS_LOGS":                      "main",
			"ROTEL_EXPORTERS_METRICS":                   "main,lost",
			"ROTEL_EXPORTERS_TRACES":                    "main,traces",
			"ROTEL_EXPORTER_MAIN_ENDPOINT":              cfg.Env["ROTEL_OTLP_EXPORTER_ENDPOINT"],
			"ROTEL_EXPORTER_MAIN_PROTOCOL":              "http",
			"ROTEL_EXPORTER_MAIN_CUSTOM_HEADERS":        cfg.Env["ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS"],
			"ROTEL_EXPORTER_TRACES_ENDPOINT":            "http://" + traces.GRPCEndpoint(),
			"ROTEL_EXPORTER_TRACES_AUTHENTICATOR":       "basic",
			"ROTEL_EXPORTER_TRACES_BASIC_AUTH_USERNAME": "me",
			"ROTEL_EXPORTER_TRACES_BASIC_AUTH_PASSWORD": "${env:SECRET}",
			"SECRET": "pass:word$",
		} {
			cfg.Env[name] = value
		}
		for _, name := range []string{"ENDPOINT", "PROTOCOL", "CUSTOM_HEADERS"} {
			delete(cfg.Env, "ROTEL_OTLP_EXPORTER_"+name)
		}
	})
	w.run(step{"log": "one"}, step{"spans": 2, "name": "work"})
	w.requireAllArrived()
	assert.Len(t, functionSpans(traces), 2)
	assert.Empty(t, traces.Logs())
	assert.Contains(t, w.oneLine(), `exporter "lost" is left out`)
	w.end()
}

// TestMissingComponent: what the default layer does not have is one line, with the way to get it, and the rest works.
func TestMissingComponent(t *testing.T) {
	for name, tt := range map[string]struct {
		env  []string
		want string
	}{
		"clickhouse": {
			[]string{"ROTEL_EXPORTER", "clickhouse", "ROTEL_CLICKHOUSE_EXPORTER_ENDPOINT", "http://localhost:8123"},
			"the exporter clickhouse is not in this layer: take the layer otelcol-lambda-full",
		},
		"sigv4auth": {
			[]string{"ROTEL_OTLP_EXPORTER_AUTHENTICATOR", "sigv4auth"},
			"the extension sigv4auth is not in this layer: take the layer otelcol-lambda-full",
		},
		"datadog": {
			[]string{"ROTEL_EXPORTER", "datadog", "ROTEL_DATADOG_EXPORTER_API_KEY", "hush"},
			"telemetry is accepted and discarded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, env(tt.env...), env("ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", ""),
				// Which have no effect for the one, and that would be a second line.
				func(cfg *lambdaemulator.Config) {
					if cfg.Env["ROTEL_EXPORTER"] != "" {
						env("ROTEL_OTLP_EXPORTER_ENDPOINT", "", "ROTEL_OTLP_EXPORTER_PROTOCOL", "")(cfg)
					}
				})
			inv := w.run(step{"log": "unharmed"}, step{"spans": 1, "name": "work"})
			assert.Empty(t, w.replyOf(inv).ExportError)
			assert.Contains(t, w.oneLine(), tt.want)
			w.end()
		})
	}
}

// TestEnvFile: what the file sets counts for the layer as if it were in the environment, for YAML too.
func TestEnvFile(t *testing.T) {
	t.Run("variables", func(t *testing.T) {
		w := start(t, env("ROTEL_ENV_FILE", file(t, "rotel.env", strings.Join([]string{
			"# of the deployment package",
			`export ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS="authorization=${KEY}" # the key is in the environment`,
			"ROTEL_OTEL_RESOURCE_ATTRIBUTES=price=5$,team=a b",
		}, "\n")), "KEY", token, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", "authorization=wrong"))
		w.run(step{"log": "one"})
		w.requireAllArrived()
		assert.Equal(t, "5$", w.backend.Logs()[0].Resource["price"])
		assert.Equal(t, "a b", w.backend.Logs()[0].Resource["team"])
		w.end()
	})
	t.Run("yaml", func(t *testing.T) {
		w := start(t, withYAML(t, logsToBackend), env("ROTEL_ENV_FILE", file(t, "rotel.env", "HEADER_VALUE="+token)))
		w.run(step{"log": "one"})
		w.requireAllArrived()
		w.end()
	})
	t.Run("invalid", func(t *testing.T) {
		path := file(t, "rotel.env", "A=b\n"+token+"\n")
		w := start(t, env("ROTEL_ENV_FILE", path))
		inv := w.run(step{"log": "unharmed"}, step{"spans": 1, "name": "work"})
		assert.Empty(t, w.replyOf(inv).ExportError)
		line := w.oneLine()
		assert.Contains(t, line, path+`": line 2: must be NAME=value`)
		assert.NotContains(t, line, token)
		w.end()
	})
}

const logsToBackend = `
receivers: { telemetryapi: }
exporters: { otlp_http: { endpoint: "${env:ROTEL_OTLP_EXPORTER_ENDPOINT}", headers: { authorization: "${env:HEADER_VALUE}" } } }
service: { pipelines: { logs: { receivers: [telemetryapi], exporters: [otlp_http] } } }
`

// TestOpenTelemetryLambdaUser: the YAML of a user of the opentelemetry-lambda layer loads unchanged: old names of
// exporters, the processors of that layer, service::telemetry, and queues that would hold telemetry back (trap 16).
func TestOpenTelemetryLambdaUser(t *testing.T) {
	w := start(t, env("HEADER_VALUE", token), withYAML(t, `
receivers:
  telemetryapi:
    types: [function]
  otlp:
    protocols:
      grpc: { endpoint: "${env:ROTEL_OTLP_GRPC_ENDPOINT}" }
      http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" }
processors:
  batch: { timeout: 60s }
  decouple: { max_queue_size: 200 }
  coldstart:
  memory_limiter: { check_interval: 1s, limit_mib: 100 }
  resource: { attributes: [{ key: team, value: a, action: upsert }] }
exporters:
  debug: { verbosity: basic, sampling_initial: 1 }
  otlphttp:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    headers: { authorization: "${env:HEADER_VALUE}" }
    sending_queue: { enabled: true, queue_size: 100 }
    retry_on_failure: { enabled: true, max_elapsed_time: 300s }
  otlp:
    endpoint: ${env:GRPC_BACKEND}
    tls: { insecure: true }
    headers: { authorization: "${env:HEADER_VALUE}" }
service:
  telemetry:
    logs: { level: warn, sampling: { enabled: true } }
    metrics: { level: none }
    resource: { service.name: collector }
  pipelines:
    logs: { receivers: [telemetryapi, otlp], processors: [memory_limiter, resource, batch, decouple], exporters: [otlphttp, debug] }
    metrics: { receivers: [otlp], processors: [batch, decouple], exporters: [otlphttp] }
    traces: { receivers: [otlp], processors: [coldstart, batch, decouple], exporters: [otlp] }
`))
	inv := w.run(step{"log": "one"}, step{"spans": 2, "name": "work"}, step{"metric": 1})
	assert.Empty(t, w.replyOf(inv).ExportError)
	w.requireAllArrived()
	assert.NotEmpty(t, w.backend.DataPoints())
	assert.Equal(t, "a", w.backend.Logs()[0].Resource["team"])
	assert.Empty(t, w.extensionLines())
	w.end()
}

// TestConfigByURL: the YAML comes from a web server; that is one line at info, without the secrets of the URL.
func TestConfigByURL(t *testing.T) {
	yaml := logsToBackend
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("signature") != "hush" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(yaml))
	}))
	t.Cleanup(server.Close) // The test is parallel from here on.
	w := start(t, env("HEADER_VALUE", token, "OPENTELEMETRY_EXTENSION_LOG_LEVEL", "info",
		"OPENTELEMETRY_COLLECTOR_CONFIG_URI", server.URL+"/collector.yaml?signature=hush"))
	w.run(step{"log": "one"})
	w.requireAllArrived()
	all := strings.Join(w.extensionLines(), "\n")
	assert.Contains(t, all, `Configuration: "`+server.URL+`/collector.yaml?…"`)
	assert.NotContains(t, all, "hush")
	w.end()
}

// TestConfigOfAnotherLayer: a layer of the user's brings the YAML, and no variable names it.
func TestConfigOfAnotherLayer(t *testing.T) {
	w := start(t, env("HEADER_VALUE", token, "OPENTELEMETRY_EXTENSION_LOG_LEVEL", "info"),
		withLayerOf(t, "collector-config/config.yaml", logsToBackend))
	w.run(step{"log": "one"})
	w.requireAllArrived()
	assert.Contains(t, strings.Join(w.extensionLines(), "\n"), `Configuration: "file:/opt/collector-config/config.yaml"`)
	w.end()
}
