// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// TestStrict: with OTELCOL_LAMBDA_STRICT, what is wrong fails INIT with a type of error that Lambda takes, and is said in
// one line; what is right works as ever.
func TestStrict(t *testing.T) {
	strict := env("OTELCOL_LAMBDA_STRICT", "true")
	for name, tt := range brokenConfigurations {
		t.Run(name, func(t *testing.T) {
			configure := []func(*lambdaemulator.Config){strict, env(tt.env...)}
			if tt.yaml != "" {
				configure = append(configure, withYAML(t, tt.yaml))
			}
			start(t, configure...).requireInitFails(tt.want...)
		})
	}
	t.Run("secret", func(t *testing.T) {
		aws := startAWS(t, func(fakeaws.Request) *fakeaws.Failure {
			return &fakeaws.Failure{Status: 400, Code: "AccessDeniedException"}
		})
		start(t, strict, withAWS(aws), env(headersVar, threeSecrets)).requireInitFails("ERROR", jsonSecret, "denied")
	})
	t.Run("out of reach", func(t *testing.T) {
		start(t, strict, env(uriVar, "http://"+freePort(t)+"/a.yaml")).requireInitFails("ERROR", "connection refused")
	})
	t.Run("port taken", func(t *testing.T) {
		start(t, strict, env("ROTEL_OTLP_HTTP_ENDPOINT", takePort(t))).requireInitFails("ERROR", "address already in use")
	})
	t.Run("valid", func(t *testing.T) {
		w := start(t, strict)
		w.run(step{"log": "one"}, step{"spans": 1, "name": "work"})
		w.end()
		w.requireAllArrived()
		assert.Empty(t, w.extensionLines())
	})
}

// requireInitFails requires that INIT fails for the layer, which says one line with the parts.
func (w *world) requireInitFails(parts ...string) {
	w.t.Helper()
	var fault *lambdaemulator.Fault
	require.ErrorAs(w.t, w.Init(w.t.Context()), &fault)
	assert.Equal(w.t, "Extension.InitError", fault.Type)
	assert.Contains(w.t, fault.Message, "Extension.ConfigInvalid")
	line := w.oneLine()
	for _, part := range parts {
		assert.Contains(w.t, line, part)
	}
}
