// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// TestRuntimeInterfaceEmulator: where AWS's own emulator answers 202 to the subscription (SAM, docker run), nothing tells
// the layer what the function writes, nor that it has finished; what an SDK sends arrives all the same.
func TestRuntimeInterfaceEmulator(t *testing.T) {
	layer := unpackLayer(t)
	for _, v := range []variant{
		{node, jsonBody, lambdaemulator.LogText, false},
		{python, protobuf, lambdaemulator.LogText, false},
		{golang, grpc, lambdaemulator.LogText, true},
	} {
		t.Run(v.name, func(t *testing.T) {
			opt := merge(t, layer, installed+"/"+v.name+"/opt")
			w := newWorld(t, opt, v, func(cfg *lambdaemulator.Config) { cfg.Telemetry = lambdaemulator.TelemetryStub })
			first, second := w.invoke("ok", "one"), w.invoke("ok", "two")
			w.end()
			for _, inv := range []lambdaemulator.Invocation{first, second} {
				assert.Empty(t, inv.FunctionError, "%s", inv.Payload)
				assert.Less(t, inv.Overrun(), hangs, "nobody waits for an end that is not announced")
				assert.Len(t, w.spansOf(inv), 2)
				assert.NotZero(t, w.pointsOf(v, inv))
			}
			w.checkResources()
		})
	}
}

// TestContainerImage: the files of examples/container/Dockerfile, where its COPY lines put them, are a function with the
// layer.
func TestContainerImage(t *testing.T) {
	v := variant{golang, protobuf, lambdaemulator.LogJSON, false}
	context := t.TempDir()
	require.NoError(t, os.Symlink(unpackLayer(t), filepath.Join(context, "layer")))
	bootstrap, err := filepath.Abs(installed + "/go/task/bootstrap")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(bootstrap, filepath.Join(context, "bootstrap")))

	image := t.TempDir()
	text, err := os.ReadFile("../examples/container/Dockerfile")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if arguments, ok := strings.CutPrefix(line, "COPY "); ok {
			fields := strings.Fields(arguments)
			require.Len(t, fields, 2, line)
			copyInto(t, filepath.Join(context, fields[0]), filepath.Join(image, fields[1]))
		}
	}

	w := newWorld(t, filepath.Join(image, "opt"), v, func(cfg *lambdaemulator.Config) {
		cfg.Function = filepath.Join(image, "var", "runtime")
	})
	cold := scenarios()[0]
	inv := w.invoke(cold.do, line(cold))
	requireOutcome(t, v, cold, inv)
	w.end()
	w.check(v, cold, inv)
	w.checkResources()
}

// copyInto copies a file, or what is in a directory, as COPY does.
func copyInto(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	require.NoError(t, err)
	if info.IsDir() {
		require.NoError(t, os.MkdirAll(to, 0o755))
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		return
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	program, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, program, info.Mode().Perm()))
}
