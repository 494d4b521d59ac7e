// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build full

package test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// TestFullRotatedAuthenticator: the key is a setting of an extension that authenticates the exporter.
func TestFullRotatedAuthenticator(t *testing.T) {
	const yaml = `
extensions: { bearertokenauth: { scheme: '', token: '${` + parameter + `}' } }
receivers: { otlp: { protocols: { http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' } } }, telemetryapi: { types: [function] } }
exporters: { otlp_http: { endpoint: '${BACKEND}', auth: { authenticator: bearertokenauth } } }
service: { extensions: [bearertokenauth], pipelines: { logs: { receivers: [otlp, telemetryapi], exporters: [otlp_http] }, traces: { receivers: [otlp], exporters: [otlp_http] } } }
`
	aws := startAWS(t, nil)
	w := start(t, withAWS(aws), fullLayer(t), withYAML(t, yaml),
		func(cfg *lambdaemulator.Config) { cfg.Env["BACKEND"] = cfg.Env["ROTEL_OTLP_EXPORTER_ENDPOINT"] })
	for i := range 4 {
		if i == 2 {
			w.backend.SetAuthToken(rotated)
			aws.Rotate(parameter, rotated)
		}
		w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 2, "name": "work"})
	}
	w.end()
	w.requireAllArrived()
	assert.Len(t, aws.Requests(), 2)
	assert.Empty(t, w.extensionLines())
	w.requireSilence()
}
