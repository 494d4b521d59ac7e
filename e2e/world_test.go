// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const (
	// token is the ingestion key, which goes without "Bearer", as ClickStack wants it.
	token = "ingestion-key"
	// patience is the limit of a phase: a JVM with an agent takes its time on a busy machine.
	patience = 2 * time.Minute
	// hangs is the timeout of an invocation that never answers: time enough for a warm function to write its line.
	hangs = 5 * time.Second
)

// installed is where install.mk puts what it makes: for each language the folders task and opt.
const installed = "../build/e2e"

// world is a function with the layer, and the backend that it reports to.
type world struct {
	*lambdaemulator.Function
	t       *testing.T
	backend *otlpbackend.Backend
}

// newWorld prepares a variant's function in an environment whose /opt is opt.
func newWorld(t *testing.T, opt string, v variant, configure ...func(*lambdaemulator.Config)) *world {
	t.Helper()
	backend, err := otlpbackend.Start(otlpbackend.Config{AuthToken: token})
	require.NoError(t, err)
	t.Cleanup(backend.Close)
	grpcEndpoint, httpEndpoint := freePort(t), freePort(t)
	cfg := lambdaemulator.Config{
		Layer:           opt,
		Function:        filepath.Join(installed, v.name, "task"),
		FunctionName:    "shop",
		Mount:           lambdaemulator.MountPrivate, // wrappers name files in /opt
		MemoryMB:        1024,
		Timeout:         patience,
		InitTimeout:     patience,
		ShutdownTimeout: patience,
		Env: map[string]string{
			"ROTEL_OTLP_EXPORTER_ENDPOINT":       backend.HTTPEndpoint(),
			"ROTEL_OTLP_EXPORTER_PROTOCOL":       "http",
			"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS": "authorization=" + token,
			"ROTEL_OTLP_GRPC_ENDPOINT":           grpcEndpoint,
			"ROTEL_OTLP_HTTP_ENDPOINT":           httpEndpoint,
		},
		TraceHeader: traceHeader,
	}
	v.configure(&cfg, grpcEndpoint, httpEndpoint)
	for _, c := range configure {
		c(&cfg)
	}
	w := &world{t: t, backend: backend}
	w.Function, err = lambdaemulator.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, w.Close())
		if t.Failed() {
			for _, line := range w.Lines() {
				t.Log(line.Process, line.Text)
			}
		}
	})
	return w
}

// traceHeader is what Lambda gives to a function that has no active tracing: a trace of its own that is not sampled.
func traceHeader(n int) string {
	return fmt.Sprintf("Root=1-5f35ae12-%024x;Parent=%016x;Sampled=0", n, n)
}

// invoke invokes the function with an event.
func (w *world) invoke(do, line string, options ...lambdaemulator.InvokeOption) lambdaemulator.Invocation {
	w.t.Helper()
	payload, err := json.Marshal(map[string]string{"do": do, "line": line})
	require.NoError(w.t, err)
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*patience)
	defer cancel()
	inv, err := w.Invoke(ctx, payload, options...)
	require.NoError(w.t, err)
	return inv
}

// end shuts the environment down.
func (w *world) end() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	require.NoError(w.t, w.Shutdown(ctx, lambdaapi.Spindown))
}

// unpackLayer unpacks the built layer.
func unpackLayer(t *testing.T) string {
	t.Helper()
	archive, err := zip.OpenReader("../dist/otelcol-lambda-" + runtime.GOARCH + ".zip")
	require.NoError(t, err, "the layer is not built: run the tests with `make e2e`")
	defer func() { _ = archive.Close() }()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, archive))
	return dir
}

// merge returns an /opt as Lambda makes it of several layers.
func merge(t *testing.T, layers ...string) string {
	t.Helper()
	opt := t.TempDir()
	for _, layer := range layers {
		layer, err := filepath.Abs(layer)
		require.NoError(t, err)
		entries, err := os.ReadDir(layer)
		require.NoError(t, err, "run the tests with `make e2e`")
		for _, entry := range entries {
			require.NoError(t, os.Symlink(filepath.Join(layer, entry.Name()), filepath.Join(opt, entry.Name())))
		}
	}
	return opt
}

// freePort returns an address that nobody listens on. Its port is below those that the kernel gives to connections: one
// of these could be gone by the time the layer listens.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(22_000))
		if listener, err := net.Listen("tcp4", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
}
