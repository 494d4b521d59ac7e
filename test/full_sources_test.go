// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build full

package test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
)

// TestFullConfigInS3: the YAML is an object of S3, in the notation of AWS and in that of other stores, with a secret in
// it; the request is signed with the function's role.
func TestFullConfigInS3(t *testing.T) {
	yaml := strings.Replace(logsToBackend, "${env:HEADER_VALUE}", "${"+parameter+"}", 1)
	for name, fail := range map[string]*fakeaws.Failure{
		"aws": nil, "other store": nil,
		"denied": {Status: http.StatusForbidden, Code: "AccessDenied", Message: "s3:GetObject"},
	} {
		t.Run(name, func(t *testing.T) {
			aws := fakeaws.Start(fakeaws.Config{
				Objects:    map[string]string{"bucket/collector.yaml": yaml},
				Parameters: map[string]string{parameter: token},
				Fail:       func(fakeaws.Request) *fakeaws.Failure { return fail },
			})
			t.Cleanup(func() {
				aws.Close()
				assert.Empty(t, aws.Refused(), "requests that AWS would refuse")
			})
			uri := "s3://bucket.s3.us-east-1.amazonaws.com/collector.yaml"
			if name == "other store" {
				uri = "s3://" + strings.TrimPrefix(aws.URL, "http://") + "/bucket/collector.yaml?region=us-east-1&insecure=true"
			}
			w := start(t, fullLayer(t), withAWS(aws), env(uriVar, uri))
			if fail != nil {
				w.requireUnharmed()
				assert.Contains(t, w.oneLine(), "AccessDenied")
				assert.Contains(t, w.oneLine(), "collector.yaml")
				w.end()
				return
			}
			w.run(step{"log": "one"})
			w.requireAllArrived()
			assert.Empty(t, w.extensionLines())
			w.end()
			assert.Equal(t, "GetObject", aws.Requests()[0].Action)
		})
	}
}

// TestFullFilesValidate: the files to start from are valid as they are.
func TestFullFilesValidate(t *testing.T) {
	t.Parallel()
	layer, err := unpackedFull()
	require.NoError(t, err)
	for _, pattern := range []string{"../config/*.yaml", "../config/full/*.yaml"} {
		requireValid(t, layer, pattern)
	}
}

// TestFullSpanMetrics: metrics of spans leave with the spans, not when a timer fires, and those of the last invocation
// are not lost with the environment.
func TestFullSpanMetrics(t *testing.T) {
	w := start(t, fullLayer(t), withYAML(t, `
receivers: { otlp: { protocols: { http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" } } }, telemetryapi: { types: [function] } }
connectors: { spanmetrics: { metrics_flush_interval: 1h } }
exporters: { otlp_http: { endpoint: "${env:ROTEL_OTLP_EXPORTER_ENDPOINT}", headers: { authorization: ingestion-key } } }
service:
  pipelines:
    logs: { receivers: [telemetryapi], exporters: [otlp_http] }
    traces: { receivers: [otlp], exporters: [spanmetrics, otlp_http] }
    metrics: { receivers: [spanmetrics], exporters: [otlp_http] }
`))
	for n := 1; n <= 3; n++ {
		w.run(step{"spans": 2, "name": "work"})
		var calls float64
		for _, p := range w.backend.DataPoints() {
			if p.Name == "traces.span.metrics.calls" {
				calls = max(calls, p.Value)
			}
		}
		assert.InDelta(t, 2*n, calls, 0, "cumulative, after invocation %d", n)
	}
	w.end()
	w.requireAllArrived()
	assert.Empty(t, w.extensionLines())
}
