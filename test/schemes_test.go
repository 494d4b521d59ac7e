// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

const uriVar = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"

// TestConfigSchemes: the YAML is found wherever the variable says, under its old name as well.
func TestConfigSchemes(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, logsToBackend)
	}))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, tt := range map[string][]string{
		"path":       {uriVar, file(t, "collector.yaml", logsToBackend)},
		"file":       {uriVar, "file:" + file(t, "collector.yaml", logsToBackend)},
		"https":      {uriVar, server.URL + "/collector.yaml", "SSL_CERT_FILE", file(t, "ca.pem", string(authority))},
		"yaml":       {uriVar, "yaml:" + logsToBackend},
		"env":        {uriVar, "env:MY_YAML", "MY_YAML", logsToBackend},
		"old name":   {"OPENTELEMETRY_COLLECTOR_CONFIG_FILE", file(t, "collector.yaml", logsToBackend)},
		"both names": {uriVar, "yaml:" + logsToBackend, "OPENTELEMETRY_COLLECTOR_CONFIG_FILE", "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, env("HEADER_VALUE", token), env(tt...))
			w.run(step{"log": "one"})
			w.requireAllArrived()
			assert.Empty(t, w.extensionLines())
			w.end()
		})
	}
}

// TestConfigOutOfReach: a YAML that cannot be had is one line that names it, without the secrets in a URL, and the
// function runs as if we were not there.
func TestConfigOutOfReach(t *testing.T) {
	refuses := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(refuses.Close)
	for name, tt := range map[string]struct {
		env  []string
		want []string
	}{
		"refused":        {[]string{uriVar, refuses.URL + "/a.yaml?signature=hush"}, []string{"404", "/a.yaml"}},
		"nobody there":   {[]string{uriVar, "http://" + freePort(t) + "/a.yaml?signature=hush"}, []string{"connection refused", "/a.yaml"}},
		"not YAML":       {[]string{uriVar, "yaml:- a\n- b"}, []string{uriVar}},
		"empty variable": {[]string{uriVar, "env:MY_YAML", "MY_YAML", " "}, []string{"env:MY_YAML"}},
		"yaml without its name": {
			[]string{uriVar, "exporters:\n  otlp_http: { headers: { authorization: \"hush\" } }"}, []string{"yaml:", uriVar},
		},
		"s3, in the default layer": {
			[]string{uriVar, "s3://bucket.s3.us-east-1.amazonaws.com/a.yaml"}, []string{"s3"},
		},
		"directory": {[]string{uriVar, filepath.Dir(file(t, "x", ""))}, []string{"is a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, env(tt.env...))
			w.requireUnharmed()
			line := w.oneLine()
			for _, part := range append(tt.want, "ERROR otelcol-lambda: Telemetry is accepted and discarded: ") {
				assert.Contains(t, line, part)
			}
			assert.NotContains(t, line, "hush")
			w.end()
		})
	}
}

// TestConfigComesLate: a server that does not answer holds up INIT for a while and no invocation, and its answer is
// taken whenever it comes.
func TestConfigComesLate(t *testing.T) {
	yaml, answer := strings.Replace(logsToBackend, "telemetryapi:", "telemetryapi: { types: [function] }", 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-answer:
			_, _ = io.WriteString(w, yaml)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	w := start(t, env("HEADER_VALUE", token, uriVar, server.URL+"/a.yaml"))
	w.requireUnharmed()
	require.Len(t, w.saying("the configuration has not come in 1.8s"), 1)
	assert.Less(t, w.timeline(lambdaemulator.KindInitDone)[0].Duration, 4*time.Second)
	close(answer)
	require.Eventually(t, func() bool {
		w.run(step{"log": "anybody there?"}, step{"sleep_ms": 300})
		return w.arrivedLines()["anybody there?"] > 0
	}, 30*time.Second, 10*time.Millisecond)
	w.end()
}

// TestConfigHeals: a YAML that could not be fetched for a while is fetched later, by the same environment, although the
// request that was not answered never will be. The function and its SDK never wait, and one line says so each time.
func TestConfigHeals(t *testing.T) {
	yaml := strings.Replace(logsToBackend, "telemetryapi:", "telemetryapi: { types: [function] }", 1)
	for name, tt := range map[string]struct {
		broken http.HandlerFunc // nil: nobody listens
		want   string
	}{
		"never answers":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "has not come in 1.8s"},
		"nobody there":   {nil, "connection refused"},
		"hangs up":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"in maintenance": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			var well atomic.Bool
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if well.Load() {
					_, _ = io.WriteString(w, yaml)
				} else {
					tt.broken(w, r)
				}
			}))
			t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
			address := freePort(t)
			listen := func() {
				listener, err := net.Listen("tcp4", address)
				require.NoError(t, err)
				require.NoError(t, server.Listener.Close())
				server.Listener = listener
				server.Start()
			}
			if tt.broken != nil {
				listen()
			}
			w := start(t, env("HEADER_VALUE", token, uriVar, "http://"+address+"/a.yaml"))
			w.requireUnharmed()
			said := w.saying("Telemetry is accepted and discarded")
			require.Len(t, said, 1)
			assert.Contains(t, said[0], tt.want)
			well.Store(true)
			if tt.broken == nil {
				listen()
			}
			require.Eventually(t, func() bool {
				inv := w.run(step{"log": "anybody there?"}, step{"sleep_ms": 300})
				assert.Less(t, inv.Overrun(), 5*time.Second)
				return w.arrivedLines()["anybody there?"] > 0
			}, time.Minute, 10*time.Millisecond)
			w.end()
			assert.Len(t, w.saying("Telemetry is accepted and discarded"), 1)
			assert.Len(t, w.saying("The configuration is complete now"), 1)
		})
	}
}

// saying returns the lines of the layer that hold text. (On a machine that has other things to do the supervisor may have
// something to say, too, while a configuration does not come.)
func (w *world) saying(text string) []string {
	return slices.DeleteFunc(w.extensionLines(), func(line string) bool { return !strings.Contains(line, text) })
}

// TestConfigComesInAFreeze: the answer takes longer than an invocation, and the freezes in between longer than anybody would
// wait for it.
func TestConfigComesInAFreeze(t *testing.T) {
	yaml := strings.Replace(logsToBackend, "telemetryapi:", "telemetryapi: { types: [function] }", 1)
	var well atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		time.Sleep(500 * time.Millisecond)
		_, _ = io.WriteString(w, yaml)
	}))
	t.Cleanup(server.Close)
	w := start(t, env("HEADER_VALUE", token, uriVar, server.URL+"/a.yaml"))
	w.requireUnharmed()
	well.Store(true)
	w.healBetweenFreezes()
	w.end()
}

// healBetweenFreezes invokes the function, with pauses that are longer than anything waits, until its lines arrive.
func (w *world) healBetweenFreezes() {
	w.t.Helper()
	for i := 0; w.arrivedLines()["anybody there?"] == 0; i++ {
		require.Less(w.t, i, 20)
		time.Sleep(2500 * time.Millisecond) // frozen
		w.run(step{"log": "anybody there?"})
	}
}

// withLayerOf makes a copy of the layer that has one more file, as if another layer had brought it.
func withLayerOf(t *testing.T, name, text string) func(*lambdaemulator.Config) {
	return func(cfg *lambdaemulator.Config) {
		opt := t.TempDir()
		require.NoError(t, os.CopyFS(opt, os.DirFS(cfg.Layer)))
		path := filepath.Join(opt, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		cfg.Layer, cfg.Mount = opt, lambdaemulator.MountPrivate
	}
}
