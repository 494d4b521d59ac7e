// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// TestContainerImage: the files that the last stage of examples/container/Dockerfile holds are a layer, where Lambda looks
// for one. The function that its base image brings is another one here.
func TestContainerImage(t *testing.T) {
	v := variant{golang, protobuf, lambdaemulator.LogJSON, false}
	image := buildImage(t, "../examples/container")
	require.FileExists(t, filepath.Join(image, "var", "task", "app.py"))
	w := newWorld(t, filepath.Join(image, "opt"), v)
	cold := scenarios()[0]
	inv := w.invoke(cold.do, line(cold))
	requireOutcome(t, v, cold, inv)
	w.end()
	w.check(v, cold, inv)
	w.checkResources()
}

// buildImage does what a Dockerfile says with files, and returns the root of the last stage. It knows FROM, COPY and
// RUN unzip. Base images are empty.
func buildImage(t *testing.T, context string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(context, "Dockerfile"))
	require.NoError(t, err)
	expand := strings.NewReplacer("${TARGETARCH}", runtime.GOARCH, "${LAMBDA_TASK_ROOT}", "/var/task").Replace
	stages := map[string]string{}
	root := ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(expand(line))
		switch {
		case len(fields) == 0:
		case fields[0] == "FROM":
			root = t.TempDir()
			if len(fields) == 4 && fields[2] == "AS" {
				stages[fields[3]] = root
			}
		case fields[0] == "COPY":
			from := []string{context, "../dist"} // the layer's zip is to be copied into the context
			if stage, ok := strings.CutPrefix(fields[1], "--from="); ok {
				from, fields = []string{stages[stage]}, fields[1:]
			}
			require.Len(t, fields, 3, line)
			to := filepath.Join(root, fields[2])
			if strings.HasSuffix(fields[2], "/") {
				to = filepath.Join(to, filepath.Base(fields[1]))
			}
			copyInto(t, from, fields[1], to)
		case fields[0] == "RUN":
			require.Equal(t, []string{"RUN", "unzip", "-q"}, fields[:3])
			require.Len(t, fields, 6, line)
			output, err := exec.CommandContext(t.Context(), "unzip", "-q", filepath.Join(root, fields[3]), "-d", filepath.Join(root, fields[5])).CombinedOutput()
			require.NoError(t, err, string(output))
		}
	}
	return root
}

// copyInto copies a file, or what is in a directory, from the first of some directories that has it.
func copyInto(t *testing.T, from []string, name, to string) {
	t.Helper()
	for _, dir := range from {
		source := filepath.Join(dir, name)
		info, err := os.Stat(source)
		if err != nil {
			continue
		}
		if info.IsDir() {
			require.NoError(t, os.MkdirAll(to, 0o755))
			require.NoError(t, os.CopyFS(to, os.DirFS(source)))
			return
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		content, err := os.ReadFile(source)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, content, info.Mode().Perm()))
		return
	}
	t.Fatalf("COPY %s: none of %q has it", name, from)
}
