// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package clickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// patience is how long a test waits for what has no event to wait for.
const patience = time.Minute

// row is a row of a result.
type row map[string]any

// query runs a statement as HyperDX does, over HTTP, and returns the rows.
func (s *server) query(t *testing.T, statement string) []row {
	t.Helper()
	rows, err := s.try(t.Context(), statement)
	require.NoError(t, err)
	return rows
}

func (s *server) try(ctx context.Context, statement string) ([]row, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/?default_format=JSONEachRow", strings.NewReader(statement))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(user, password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, body)
	}
	var rows []row
	for decoder := json.NewDecoder(bytes.NewReader(body)); decoder.More(); {
		var r row
		if err := decoder.Decode(&r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// function is a Lambda function with the layer.
type function struct {
	*lambdaemulator.Function
	t *testing.T
}

// start prepares a function: a program in build/e2e-clickhouse, and variables in pairs.
func start(t *testing.T, program string, variables ...string) *function {
	t.Helper()
	grpc, http := freePort(t), freePort(t)
	env := map[string]string{
		"ROTEL_OTLP_GRPC_ENDPOINT":    grpc,
		"ROTEL_OTLP_HTTP_ENDPOINT":    http,
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + http,
		"OTEL_SERVICE_NAME":           "shop",
	}
	for i := 0; i < len(variables); i += 2 {
		env[variables[i]] = variables[i+1]
	}
	f, err := lambdaemulator.New(lambdaemulator.Config{
		Layer: layer, Function: filepath.Join(out, program), Env: env, Output: t.Output(),
		InitTimeout: patience, Timeout: patience, ShutdownTimeout: patience, // however busy the machine is
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return &function{f, t}
}

// invoke invokes the function.
func (f *function) invoke(event string) lambdaemulator.Invocation {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	invocation, err := f.Invoke(ctx, []byte(event))
	require.NoError(f.t, err)
	return invocation
}

func (f *function) shutdown() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	require.NoError(f.t, f.Shutdown(ctx, "spindown"))
}

// linesOf returns what the function or the extension has written.
func (f *function) linesOf(source string) []string {
	var lines []string
	for _, line := range f.Lines() {
		if line.Source == source {
			lines = append(lines, line.Text)
		}
	}
	return lines
}

// said is what the layer has said, but for that a busy machine starts it late.
func (f *function) said() []string {
	return slices.DeleteFunc(f.linesOf(lambdaemulator.SourceExtension), func(line string) bool {
		return strings.Contains(line, "the collector is not ready")
	})
}

// withFile makes the layer use a file of ../../config, but for the ports, which belong to one environment each, and for
// what replace names.
func withFile(t *testing.T, name string, replace ...string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../config", name))
	require.NoError(t, err)
	replace = append(replace,
		"grpc: # localhost:4317", "grpc: { endpoint: '${env:ROTEL_OTLP_GRPC_ENDPOINT}' }",
		"http: # localhost:4318", "http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' }")
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(text), replace[i])
	}
	path := filepath.Join(t.TempDir(), "collector.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600))
	return []string{"OPENTELEMETRY_COLLECTOR_CONFIG_URI", path}
}

// databaseOf is the name of a test's database.
func databaseOf(t *testing.T) string {
	return strings.ToLower(strings.NewReplacer("/", "_", ",", "_").Replace(t.Name()))
}

var givenPorts sync.Map

// freePort returns an address that nobody listens on, below the ports that the kernel gives to connections.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(22_000))
		if _, given := givenPorts.LoadOrStore(address, true); given {
			continue
		}
		if listener, err := net.Listen("tcp4", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
}
