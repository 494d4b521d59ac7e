// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build full

package test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// everything is the YAML of a user of the opentelemetry-lambda layer who uses all of its components.
const everything = `
extensions:
  basicauth: { client_auth: { username: me, password: "pass:word" } }
  bearertokenauth: { scheme: "", token: ingestion-key }
  sigv4auth: { region: us-east-1, service: aps }
receivers:
  telemetryapi: { types: [function] }
  otlp:
    protocols:
      grpc: { endpoint: "${env:ROTEL_OTLP_GRPC_ENDPOINT}" }
      http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" }
processors:
  attributes: { actions: [{ key: added, value: by attributes, action: insert }] }
  batch: { timeout: 1h, send_batch_size: 100000 }
  coldstart:
  decouple:
  filter: { traces: { span: ['name == "noise"'] } }
  memory_limiter: { check_interval: 1s, limit_mib: 100 }
  probabilistic_sampler: { sampling_percentage: 100 }
  resource: { attributes: [{ key: team, value: a, action: upsert }] }
  resourcedetection: { detectors: [env, lambda] }
  span: { name: { to_attributes: { rules: ["^order-(?P<order>[0-9]+)$"] } } }
  transform: { trace_statements: [{ context: span, statements: ['set(attributes["doubled"], Concat([name, name], "+"))'] }] }
connectors:
  spanmetrics: { namespace: calls, histogram: { disable: true } }
exporters:
  debug: { verbosity: detailed }
  otlp:
    endpoint: ${env:GRPC_BACKEND}
    tls: { insecure: true }
    headers: { authorization: ingestion-key }
  otlphttp:
    endpoint: ${env:BASIC_BACKEND}
    auth: { authenticator: basicauth }
  otlphttp/bearer:
    endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}
    auth: { authenticator: bearertokenauth }
  prometheusremotewrite:
    endpoint: ${env:PROMETHEUS}/sdk/api/v1/write
    target_info: { enabled: false }
    auth: { authenticator: sigv4auth }
  prometheusremotewrite/calls:
    endpoint: ${env:PROMETHEUS}/calls/api/v1/write
    target_info: { enabled: false }
service:
  extensions: [basicauth, bearertokenauth, sigv4auth]
  pipelines:
    logs: { receivers: [telemetryapi, otlp], processors: [memory_limiter, resourcedetection, attributes, batch, decouple], exporters: [otlp, debug] }
    metrics: { receivers: [otlp, spanmetrics], processors: [resource, batch, decouple], exporters: [otlphttp] }
    metrics/sdk: { receivers: [otlp], exporters: [prometheusremotewrite] }
    metrics/calls: { receivers: [spanmetrics], exporters: [prometheusremotewrite/calls] }
    traces: { receivers: [otlp], processors: [memory_limiter, filter, probabilistic_sampler, transform, span, attributes, resource, coldstart, batch, decouple], exporters: [otlphttp/bearer, spanmetrics] }
`

// TestFullOpenTelemetryLambdaUser: the YAML of a user who uses every component of the opentelemetry-lambda layer loads
// unchanged; each component does its work, and what it makes has left before the freeze.
func TestFullOpenTelemetryLambdaUser(t *testing.T) {
	basic := otherBackend(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("me:pass:word")))
	prometheus := record(t)
	w := start(t, fullLayer(t), credentials, withYAML(t, everything),
		env("BASIC_BACKEND", basic.HTTPEndpoint(), "PROMETHEUS", prometheus.URL))
	inv := w.run(step{"log": "one"}, step{"metric": 7},
		step{"spans": 2, "name": "order-17"}, step{"spans": 3, "name": "noise"})
	assert.Empty(t, w.replyOf(inv).ExportError)

	spans := w.backend.Spans()
	require.Len(t, spans, 2, "the others are filtered out")
	for _, span := range spans {
		assert.Equal(t, "order-{order}", span.Name)
		assert.Equal(t, "17", span.Attributes["order"])
		assert.Equal(t, "order-17+order-17", span.Attributes["doubled"])
		assert.Equal(t, "by attributes", span.Attributes["added"])
		assert.Equal(t, "a", span.Resource["team"])
	}
	assert.Equal(t, w.functionLines(), w.arrivedLines())
	assert.Equal(t, "by attributes", w.log("one").Attributes["added"])

	values := map[string]float64{}
	for _, p := range basic.DataPoints() {
		values[p.Name] += p.Value
		if p.Name == "test.counter" {
			assert.Equal(t, "a", p.Resource["team"])
		}
	}
	assert.InDelta(t, 7, values["test.counter"], 0)
	assert.InDelta(t, 2, values["calls.calls"], 0, "of spanmetrics")

	for path, name := range map[string]string{"/sdk": "test_counter", "/calls": "calls_"} {
		written := prometheus.to(path + "/api/v1/write")
		require.NotEmpty(t, written, path)
		assert.Equal(t, "snappy", written[0].Header.Get("Content-Encoding"))
		assert.Contains(t, prometheus.text(path+"/api/v1/write"), name, "Snappy leaves what it sees for the first time as it is")
	}
	assert.Contains(t, prometheus.to("/sdk/api/v1/write")[0].Header.Get("Authorization"), "/us-east-1/aps/aws4_request")
	assert.Empty(t, w.extensionLines())
	w.end()
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
}
