// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func create(t *testing.T) *lifecycle {
	f := NewFactory()
	assert.Equal(t, "lambda_lifecycle", f.Type().String())
	e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), f.CreateDefaultConfig())
	require.NoError(t, err)
	return e.(*lifecycle)
}

func TestShutdownUnstartedAndTwice(t *testing.T) {
	l := create(t)
	require.NoError(t, l.Shutdown(t.Context()))
	require.NoError(t, l.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, l.Shutdown(t.Context()))
	require.NoError(t, l.Ready())
	require.NoError(t, l.NotReady())
	require.NoError(t, l.Shutdown(t.Context()))
	require.NoError(t, l.Shutdown(t.Context()))
}

// TestTelemetryOverTheLink runs the extension twice over one link, as when a configuration fails to start: over real
// pipes and the inherited socket.
func TestTelemetryOverTheLink(t *testing.T) {
	eventsOut, eventsIn, err := os.Pipe()
	require.NoError(t, err)
	requestsOut, requestsIn, err := os.Pipe()
	require.NoError(t, err)
	socket, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	telemetry, err := socket.(*net.TCPListener).File()
	require.NoError(t, err)
	link := control.NewLink(eventsOut, requestsIn, telemetry)
	link.Registration = []byte(`{"accountId":"123456789012"}`)
	supervisor := control.NewConn(requestsOut, eventsIn)

	for range 2 {
		l := create(t)
		require.NoError(t, l.Start(WithLink(t.Context(), link), componenttest.NewNopHost()))
		assert.Equal(t, "123456789012", l.Registration().AccountID)
		consumed := make(chan string, 1)
		l.SubscribeTelemetry([]string{"function"}, func(_ context.Context, events []lambdaapi.TelemetryEvent) {
			consumed <- string(events[0].Record)
		})
		require.NoError(t, l.Ready())
		verb, payload, err := supervisor.Receive()
		require.NoError(t, err)
		assert.Equal(t, control.Subscribe, verb)
		assert.Contains(t, payload, fmt.Sprint(":", socket.Addr().(*net.TCPAddr).Port))
		require.NoError(t, supervisor.Send(control.Subscribed, "200"))

		resp, err := http.Post("http://"+socket.Addr().String(), "application/json",
			strings.NewReader(`[{"time":"2026-01-02T03:04:05Z","type":"function","record":"hi"}]`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		require.NoError(t, l.NotReady())
		require.Len(t, consumed, 1, "what was answered is in the pipelines before they stop")
		assert.Equal(t, `"hi"`, <-consumed)
		http.DefaultClient.CloseIdleConnections()

		verb, _, err = supervisor.Receive()
		require.NoError(t, err)
		assert.Equal(t, control.Next, verb)
		require.NoError(t, l.Shutdown(t.Context()))
		require.NoError(t, l.NotReady())
	}
	require.NoError(t, errors.Join(link.Close(), socket.Close(), eventsIn.Close(), requestsOut.Close()))
}

func TestConfig(t *testing.T) {
	for name, tt := range map[string]struct {
		env     string
		yaml    map[string]any
		want    Config
		wantErr string
	}{
		"default": {want: Config{
			Policy: flushpolicy.Adaptive, SparseGap: time.Minute, FlushTimeout: 2 * time.Second, DeadlineMargin: 200 * time.Millisecond,
		}},
		"environment": {env: "end", want: Config{
			Policy: flushpolicy.End, SparseGap: time.Minute, FlushTimeout: 2 * time.Second, DeadlineMargin: 200 * time.Millisecond,
		}},
		"set": {
			env: "end",
			yaml: map[string]any{
				"policy": "periodic", "flush_interval": "5s", "sparse_gap": "10s", "flush_timeout": "1s", "deadline_margin": "500ms",
			},
			want: Config{
				Policy: flushpolicy.Periodic, FlushInterval: 5 * time.Second, SparseGap: 10 * time.Second,
				FlushTimeout: time.Second, DeadlineMargin: 500 * time.Millisecond,
			},
		},
		"unknown":      {env: "often", wantErr: `unknown flush policy "often": use "adaptive", "end", "periodic" or "continuous"`},
		"no interval":  {yaml: map[string]any{"flush_interval": "-1s"}, wantErr: "flush_interval must be more than 0"},
		"never sparse": {yaml: map[string]any{"sparse_gap": "0s"}, wantErr: "sparse_gap must be more than 0"},
		"no time":      {yaml: map[string]any{"flush_timeout": "0s"}, wantErr: "flush_timeout must be more than 0"},
		"no margin":    {yaml: map[string]any{"deadline_margin": "1ms"}, wantErr: "deadline_margin must be at least 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := newFactory(func(name string) (string, bool) {
				return map[string]string{"OTELCOL_LAMBDA_FLUSH_POLICY": tt.env}[name], tt.env != ""
			}).CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(tt.yaml).Unmarshal(cfg))
			err := confmap.Validate(cfg)
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, &tt.want, cfg)
		})
	}
}
