// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

func TestParseOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{
		"--layer", "x.zip", "--function", "dir", "--handler", "index.handler", "--events", "-", "--env", "A=1", "--env", "B=2=3",
		"--memory", "256", "--timeout", "5s", "--idle", "1s", "--log-format", "JSON", "--protocol", "grpc", "--rows", "7", "--quiet", "--cpu", "share",
	}, strings.NewReader("{}\n{}"))
	require.NoError(t, err)
	assert.Equal(t, "x.zip", o.emulator.Layer)
	assert.Equal(t, "dir", o.emulator.Function)
	assert.Equal(t, "index.handler", o.emulator.Handler)
	assert.Equal(t, map[string]string{"A": "1", "B": "2=3"}, o.emulator.Env)
	assert.Equal(t, 256, o.emulator.MemoryMB)
	assert.Equal(t, 5*time.Second, o.emulator.Timeout)
	assert.Equal(t, "JSON", o.emulator.LogFormat)
	assert.Len(t, o.events, 2)
	assert.Equal(t, time.Second, o.idle)
	assert.Equal(t, lambdaemulator.CPUShare, o.emulator.CPU)
	assert.Equal(t, 7, o.rows)
	assert.True(t, o.quiet)
}

func TestParseOptionsErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		err  string
	}{
		{"", "--function is required"},
		{"--function x y", `"y"`},
		{"--function x --protocol udp", `"udp"`},
		{"--function x --headers a=b", "--endpoint"},
		{"--function x --env A", "NAME=VALUE"},
		{"--function x --cpu half", "use share"},
		{"--function x --idle -1s", "negative"},
		{"--function x --events /nowhere", "/nowhere"},
		{"--function x --events -", "line 1"},
	}
	for _, tt := range tests {
		_, err := parseOptions(strings.Fields(tt.args), strings.NewReader("{"))
		require.ErrorContains(t, err, tt.err, tt.args)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	backend, err := otlpbackend.Start(otlpbackend.Config{})
	require.NoError(t, err)
	defer backend.Close()
	tests := []struct {
		args string
		want map[string]string
		ours bool
	}{
		{"", map[string]string{endpointVariable: backend.HTTPEndpoint(), protocolVariable: "http"}, true},
		{"--protocol grpc", map[string]string{endpointVariable: "http://" + backend.GRPCEndpoint(), protocolVariable: "grpc"}, true},
		{
			"--endpoint https://x --headers k=v",
			map[string]string{endpointVariable: "https://x", protocolVariable: "http", headersVariable: "k=v"},
			false,
		},
		{
			"--env ROTEL_OTLP_EXPORTER_ENDPOINT=https://x --headers k=v --env ROTEL_OTLP_EXPORTER_PROTOCOL=grpc",
			map[string]string{endpointVariable: "https://x", protocolVariable: "grpc", headersVariable: "k=v"},
			false,
		},
	}
	for _, tt := range tests {
		o, err := parseOptions(append([]string{"--function", "x"}, strings.Fields(tt.args)...), nil)
		require.NoError(t, err)
		assert.Equal(t, tt.ours, o.backendIsOurs(), tt.args)
		var running *otlpbackend.Backend
		if tt.ours {
			running = backend
		}
		assert.Equal(t, tt.want, o.environment(running), tt.args)
	}
}

// Every flag is in the manual.
func TestUsageNamesFlags(t *testing.T) {
	t.Parallel()
	flags, _ := newFlags()
	flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, usage, "\n  --"+f.Name+" ") })
}
