// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// source is a provider that does not heed its context.
type source struct{ retrieve func() error }

func (s source) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if err := s.retrieve(); err != nil {
		return nil, err
	}
	return confmap.NewRetrieved("value")
}

func (source) Scheme() string                 { return "http" }
func (source) Shutdown(context.Context) error { return nil }

// attemptOf resolves a configuration that is what the source returns.
func attemptOf(s source) confmap.ResolverSettings {
	refs := &references{}
	return confmap.ResolverSettings{
		URIs: []string{"http://config.example"},
		ProviderFactories: refs.follow([]confmap.ProviderFactory{
			confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return s }),
		}),
	}
}

// awsError is what the provider of s3 wraps.
type awsError struct{ status int }

func (e awsError) Error() string       { return fmt.Sprint("StatusCode: ", e.status) }
func (e awsError) HTTPStatusCode() int { return e.status }

// TestWhatPasses: what is wrong with the network or a server may pass, what is wrong with a configuration may not.
func TestWhatPasses(t *testing.T) {
	t.Parallel()
	get := func(url string) error {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(url)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		return err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	_, missing := os.Open("/nowhere")
	answered := func(status int) error {
		return fmt.Errorf("failed to load resource from uri %q. status code: %d", "http://config.example", status)
	}
	for name, tt := range map[string]struct {
		err    error
		passes bool
	}{
		"nobody there": {get(closed.URL), true},
		"hangs up":     {get(server.URL), true},
		"breaks off":   {get(server.URL + "/half"), true},
		"reset":        {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true},
		"no URL":       {get("http://a b"), false},
		"500":          {answered(500), true},
		"503":          {answered(503), true},
		"429":          {answered(429), true},
		"404":          {answered(404), false},
		"403":          {answered(403), false},
		"503 of S3":    {awsError{503}, true},
		"403 of S3":    {awsError{403}, false},
		"missing file": {missing, false},
		"other":        {errors.New("yaml: line 3: did not find expected ','"), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, tt.err)
			resolver, err := confmap.NewResolver(attemptOf(source{func() error { return fmt.Errorf("wrapped: %w", tt.err) }}))
			require.NoError(t, err)
			_, err = resolver.Resolve(t.Context())
			require.ErrorContains(t, err, tt.err.Error())
			assert.Equal(t, tt.passes, isTemporary(err))
		})
	}
}

// TestAttemptIsBounded: what never comes ends an attempt after loadPatience.
func TestAttemptIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		begin := time.Now()
		assert.False(t, attempt(t.Context(), attemptOf(source{func() error { <-release; return nil }})))
		assert.Equal(t, loadPatience, time.Since(begin))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.False(t, attempt(ctx, attemptOf(source{func() error { <-release; return nil }})), "not waited for at the end")
		assert.Equal(t, loadPatience, time.Since(begin))
		close(release)
	})
}
