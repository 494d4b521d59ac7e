// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build more

package test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// The tests of a layer with three components more, each by one line of a manifest: `make test-manifest`.

// moreYAML uses them: groupbyattrs of contrib, zipkin of contrib, and webhook, which is examples/own-component.
const moreYAML = `
receivers:
  telemetryapi: { types: [function] }
  otlp: { protocols: { http: { endpoint: "${env:ROTEL_OTLP_HTTP_ENDPOINT}" } } }
processors:
  groupbyattrs: { keys: [faas.invocation_id] }
exporters:
  otlp_http: { endpoint: "${env:ROTEL_OTLP_EXPORTER_ENDPOINT}", headers: { authorization: ingestion-key } }
  webhook: { url: "${env:OTHER}/webhook" }
  zipkin: { endpoint: "${env:OTHER}/zipkin" }
service:
  pipelines:
    logs: { receivers: [telemetryapi, otlp], exporters: [otlp_http, webhook] }
    traces: { receivers: [otlp], processors: [groupbyattrs], exporters: [otlp_http, zipkin] }
`

// others are the backends of the added exporters: one server that can be made to refuse.
type others struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	taken  map[string]string // by path
}

func startOthers(t *testing.T) *others {
	o := &others{status: http.StatusOK, taken: map[string]string{}}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what there is of it
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.status == http.StatusOK {
			o.taken[r.URL.Path] += string(body)
		}
		w.WriteHeader(o.status)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *others) answer(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status = status
}

func (o *others) took(path string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken[path]
}

func moreLayer(t *testing.T, o *others) func(*lambdaemulator.Config) {
	layer, err := filepath.Abs("../dist/otelcol-lambda-more-" + runtime.GOARCH + ".zip")
	require.NoError(t, err)
	return func(cfg *lambdaemulator.Config) {
		cfg.Layer = layer
		cfg.Env["OTHER"] = o.URL
	}
}

// TestMore: what is added works, and has left when the environment is frozen: all of an invocation is at the backends
// when the invocation has ended.
func TestMore(t *testing.T) {
	o := startOthers(t)
	w := start(t, moreLayer(t, o), withYAML(t, moreYAML))
	for _, line := range []string{"one", "two"} {
		inv := w.run(step{"log": line}, step{"spans": 2, "name": "work-" + line})
		w.requireAllArrived()
		assert.Equal(t, 1, strings.Count(o.took("/webhook"), line+"\n"), "the component of the user's own")
		assert.Equal(t, 2, strings.Count(o.took("/zipkin"), `"name":"work-`+line+`"`), "the exporter of contrib")
		span := lastSpan(w.backend)
		assert.Equal(t, inv.RequestID, span.Resource["faas.invocation_id"], "the processor of contrib moves it to the resource")
	}
	assert.Empty(t, w.extensionLines())
	w.end()
}

// TestMoreBackendDown: what an added exporter cannot deliver waits in the layer's buffer, is sent once when the backend
// is back, and holds up neither the function nor the other exporters.
func TestMoreBackendDown(t *testing.T) {
	o := startOthers(t)
	w := start(t, moreLayer(t, o), withYAML(t, moreYAML))
	o.answer(http.StatusServiceUnavailable)
	inv := w.run(step{"log": "meanwhile"}, step{"spans": 1, "name": "work"})
	assert.Empty(t, w.replyOf(inv).ExportError)
	assert.Equal(t, 1, w.arrivedLines()["meanwhile"])
	assert.Empty(t, o.took("/webhook"))
	o.answer(http.StatusOK)
	w.run(step{"log": "after"})
	w.end()
	w.requireAllArrived()
	assert.Equal(t, "meanwhile\nafter\n", o.took("/webhook"))
	assert.Equal(t, 1, strings.Count(o.took("/zipkin"), `"name":"work"`))
}

// TestMoreInvalid: an added component's own idea of a valid configuration counts.
func TestMoreInvalid(t *testing.T) {
	w := start(t, moreLayer(t, startOthers(t)), withYAML(t, strings.Replace(moreYAML, "${env:OTHER}/webhook", "", 1)))
	w.requireUnharmed()
	assert.Contains(t, w.oneLine(), "exporters::webhook: url must be set")
	w.end()
}

func lastSpan(b *otlpbackend.Backend) otlpbackend.Span {
	spans := b.Spans()
	return spans[len(spans)-1]
}
