// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// withFile makes the layer use a file of ../config, but for the ports, which belong to one environment each, and for
// what replace names.
func withFile(t *testing.T, name string, replace ...string) func(*lambdaemulator.Config) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../config", name))
	require.NoError(t, err)
	replace = append(replace,
		"grpc: # localhost:4317", "grpc: { endpoint: '${env:ROTEL_OTLP_GRPC_ENDPOINT}' }",
		"http: # localhost:4318", "http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' }")
	return withYAML(t, strings.NewReplacer(replace...).Replace(string(text)))
}

// toBackend sets the variables that the files ask for.
func toBackend(cfg *lambdaemulator.Config) {
	cfg.Env["CLICKSTACK_ENDPOINT"] = cfg.Env["ROTEL_OTLP_EXPORTER_ENDPOINT"]
	cfg.Env["CLICKSTACK_INGESTION_KEY"] = token
}

// TestFiles: the files to start from do what they say.
func TestFiles(t *testing.T) {
	t.Run("clickstack", func(t *testing.T) {
		w := start(t, toBackend, withFile(t, "clickstack.yaml"))
		w.run(step{"log": "one"}, step{"spans": 2, "name": "work"}, step{"metric": 1})
		w.requireAllArrived()
		assert.NotEmpty(t, w.backend.DataPoints())
		assert.Empty(t, w.extensionLines())
		w.end()
	})
	t.Run("logs-only", func(t *testing.T) {
		w := start(t, toBackend, withFile(t, "logs-only.yaml"))
		w.run(step{"log": "one"})
		w.requireAllArrived()
		assert.Empty(t, w.extensionLines())
		w.end()
	})
	t.Run("gateway", func(t *testing.T) {
		gateway := otherBackend(t, "")
		w := start(t, withFile(t, "gateway.yaml"), env("GATEWAY_ENDPOINT", gateway.GRPCEndpoint()))
		w.backend = gateway
		w.run(step{"log": "one"}, step{"spans": 2, "name": "work"})
		w.requireAllArrived()
		assert.Empty(t, w.extensionLines())
		w.end()
	})
	t.Run("backends", func(t *testing.T) {
		gateway := otherBackend(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("me:secret")))
		w := start(t, toBackend, withFile(t, "backends.yaml"),
			env("GATEWAY_ENDPOINT", gateway.GRPCEndpoint(), "GATEWAY_USER", "me", "GATEWAY_PASSWORD", "secret"))
		w.run(step{"log": "one"}, step{"spans": 2, "name": "work"})
		w.requireAllArrived()
		assert.Len(t, functionSpans(gateway), 2)
		assert.Empty(t, w.extensionLines())
		w.end()
	})
	t.Run("debug", func(t *testing.T) {
		w := start(t, withFile(t, "debug.yaml"))
		w.run(step{"log": "to be printed"})
		assert.Contains(t, strings.Join(w.extensionLines(), "\n"), "to be printed")
		assert.Empty(t, w.backend.Requests())
		w.end()
	})
}
