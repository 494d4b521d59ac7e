// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build full

package test

import (
	"archive/zip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// The tests of the full layer, which takes minutes to build: `make test-full`.

// unpackedFull unpacks the full layer, once.
var unpackedFull = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(built.function, "full") // which TestMain removes
	archive, err := zip.OpenReader("../dist/otelcol-lambda-full-" + runtime.GOARCH + ".zip")
	if err != nil {
		return "", err
	}
	return dir, errors.Join(os.CopyFS(dir, archive), archive.Close())
})

// fullLayer takes the place of the default layer.
func fullLayer(t *testing.T) func(*lambdaemulator.Config) {
	t.Helper()
	layer, err := unpackedFull()
	require.NoError(t, err)
	return func(cfg *lambdaemulator.Config) { cfg.Layer = layer }
}

// recorder is a server that takes everything.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string // of the requests
}

func record(t *testing.T) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body) // what there is of it
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, request)
		r.bodies = append(r.bodies, string(body))
	}))
	t.Cleanup(r.Close)
	return r
}

// to returns the requests to a path.
func (r *recorder) to(path string) []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*http.Request
	for _, request := range r.requests {
		if request.URL.Path == path {
			found = append(found, request)
		}
	}
	return found
}

// text returns the bodies of the requests to a path.
func (r *recorder) text(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for i, request := range r.requests {
		if request.URL.Path == path {
			text.WriteString(r.bodies[i])
		}
	}
	return text.String()
}

var credentials = env("AWS_ACCESS_KEY_ID", "AKID", "AWS_SECRET_ACCESS_KEY", "hush", "AWS_SESSION_TOKEN", "session")

func TestFullCloudWatch(t *testing.T) {
	aws := record(t)
	w := start(t, fullLayer(t), credentials, env("CLOUDWATCH_LOG_GROUP", "group", "CLOUDWATCH_LOG_STREAM", "stream"),
		withFile(t, "full/cloudwatch.yaml",
			"https://logs.${env:AWS_REGION}.amazonaws.com", aws.URL, "https://xray.${env:AWS_REGION}.amazonaws.com", aws.URL))
	w.run(step{"log": "one"}, step{"spans": 2, "name": "work"})
	w.end()
	for path, service := range map[string]string{"/v1/logs": "logs", "/v1/traces": "xray"} {
		requests := aws.to(path)
		require.NotEmpty(t, requests, path)
		authorization := requests[0].Header.Get("Authorization")
		assert.Contains(t, authorization, "AWS4-HMAC-SHA256 Credential=AKID/")
		assert.Contains(t, authorization, "/us-east-1/"+service+"/aws4_request")
		assert.Equal(t, "session", requests[0].Header.Get("X-Amz-Security-Token"))
	}
	assert.Equal(t, "group", aws.to("/v1/logs")[0].Header.Get("X-Aws-Log-Group"))
	assert.Empty(t, w.extensionLines())
}

// TestFullRotelSigV4: the variables of Rotel's own page about CloudWatch.
func TestFullRotelSigV4(t *testing.T) {
	aws := record(t)
	w := start(t, fullLayer(t), credentials, env(
		"ROTEL_OTLP_EXPORTER_ENDPOINT", "", "ROTEL_OTLP_EXPORTER_PROTOCOL", "", "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", "",
		"ROTEL_EXPORTERS", "logs:otlp",
		"ROTEL_EXPORTER_LOGS_PROTOCOL", "http",
		"ROTEL_EXPORTER_LOGS_ENDPOINT", aws.URL,
		"ROTEL_EXPORTER_LOGS_CUSTOM_HEADERS", "x-aws-log-group=group,x-aws-log-stream=stream",
		"ROTEL_EXPORTER_LOGS_AUTHENTICATOR", "sigv4auth",
		"ROTEL_EXPORTERS_LOGS", "logs",
	))
	w.run(step{"log": "one"})
	w.end()
	requests := aws.to("/v1/logs")
	require.NotEmpty(t, requests)
	assert.Contains(t, requests[0].Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/")
	assert.Equal(t, "stream", requests[0].Header.Get("X-Aws-Log-Stream"))
}

// TestFullClickHouse: by file and by variables, ClickHouse is spoken to, as the user, and one that does not answer as
// ClickHouse does is no harm.
func TestFullClickHouse(t *testing.T) {
	for name, configure := range map[string]func(*testing.T) func(*lambdaemulator.Config){
		"file": func(t *testing.T) func(*lambdaemulator.Config) { return withFile(t, "full/clickhouse.yaml") },
		"variables": func(*testing.T) func(*lambdaemulator.Config) {
			return func(cfg *lambdaemulator.Config) {
				cfg.Env["ROTEL_EXPORTER"] = "clickhouse"
				for _, name := range []string{"ENDPOINT", "USER", "PASSWORD"} {
					cfg.Env["ROTEL_CLICKHOUSE_EXPORTER_"+name] = cfg.Env["CLICKHOUSE_"+name]
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			clickhouse := record(t)
			w := start(t, fullLayer(t),
				env("CLICKHOUSE_ENDPOINT", clickhouse.URL, "CLICKHOUSE_USER", "writer", "CLICKHOUSE_PASSWORD", "hush"), configure(t))
			inv := w.run(step{"log": "one"}, step{"spans": 1, "name": "work"})
			assert.Empty(t, w.replyOf(inv).ExportError)
			w.end()
			requests := clickhouse.to("/")
			require.NotEmpty(t, requests)
			user, password, ok := requests[0].BasicAuth()
			if !ok {
				user, password = requests[0].Header.Get("X-Clickhouse-User"), requests[0].Header.Get("X-Clickhouse-Key")
			}
			assert.Equal(t, "writer", user)
			assert.Equal(t, "hush", password)
			assert.Contains(t, requests[0].URL.RawQuery, "async_insert=1")
			assert.NotContains(t, strings.Join(w.extensionLines(), "\n"), "hush")
		})
	}
}

func TestFullScrubAndSample(t *testing.T) {
	w := start(t, fullLayer(t), toBackend, withFile(t, "full/scrub-and-sample.yaml"))
	w.run(step{"log": "card 4111111111111111, bearer abc.def"}, step{"spans": 200, "name": "work"})
	w.end()
	assert.Equal(t, map[string]int{"card ****, Bearer ****": 1}, w.arrivedLines())
	assert.InDelta(t, 50, len(w.backend.Spans()), 40)
	assert.Empty(t, w.extensionLines())
}
