// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// store is a place where keys are: what it holds, exporters are configured with when they ask.
type store struct {
	now      func() time.Time
	endpoint string

	mu      sync.Mutex
	key     string
	none    bool // the configuration holds no secret
	latest  *Renewal
	known   string // the key of latest
	lookups int
	at      time.Time // of the latest lookup
}

func (s *store) Renewable() bool { return !s.none }

// Renew looks the key up at most once a minute.
func (s *store) Renew(_ context.Context, _ exporter.Settings, _ component.Host, version int) (*Renewal, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.at.IsZero() || now.Sub(s.at) >= time.Minute {
		s.at = now
		s.lookups++
		if s.key != s.known {
			s.known = s.key
			s.latest = &Renewal{Version: s.lookups, Config: keyedConfig(s.endpoint, s.key)}
		}
	}
	if s.latest == nil || s.latest.Version == version {
		return nil, s.at
	}
	return s.latest, s.at
}

func (s *store) rotate(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

func keyedConfig(endpoint, key string) *otlphttpexporter.Config {
	cfg := otlphttpexporter.NewFactory().CreateDefaultConfig().(*otlphttpexporter.Config)
	cfg.ClientConfig.Endpoint = endpoint
	cfg.ClientConfig.Headers.Set("Authorization", configopaque.String(key))
	return cfg
}

// guarded is a backend that wants a key, and an exporter of logs and traces that knows "old".
type guarded struct {
	*backend
	store *store
	clock *clock
	logs  logsExporter
	spans tracesExporter
	lines *observer.ObservedLogs

	mu      sync.Mutex
	wants   string
	refused int
}

func newGuarded(t *testing.T, configure func(*store)) *guarded {
	g := &guarded{backend: &backend{}, wants: "old"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		ok := r.Header.Get("Authorization") == g.wants
		if !ok {
			g.refused++
		}
		g.mu.Unlock()
		switch {
		case !ok:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/logs":
			g.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	env, c := testEnvironment(mebibyte)
	g.clock = c
	g.store = &store{now: c.now, endpoint: server.URL, key: "old", known: "old"}
	configure(g.store)
	env.credentials = g.store
	core, lines := observer.New(zapcore.InfoLevel)
	g.lines = lines
	set := exportertest.NewNopSettings(component.MustNewType("otlp_http"))
	set.ID = component.NewID(set.ID.Type())
	set.Logger = zap.New(core)
	factory, cfg := wrap(otlphttpexporter.NewFactory(), env), keyedConfig(server.URL, "old")
	logs, err := factory.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	traces, err := factory.CreateTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	g.logs, g.spans = logs.(logsExporter), traces.(tracesExporter)
	for _, e := range []component.Component{logs, traces} {
		require.NoError(t, e.Start(t.Context(), newHost(&lifecycle{})))
		t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	}
	return g
}

func (g *guarded) want(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wants = key
}

func (g *guarded) refusals() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// TestRotatedKey: the flush that is refused ends with the data delivered, once, over all signals, with one lookup.
func TestRotatedKey(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, func(*store) {})
	accept(t, g.logs, "a")
	require.NoError(t, g.logs.Flush(t.Context()))
	for round, key := range []string{"new", "newer"} {
		g.clock.advance(10 * time.Second)
		if round > 0 {
			g.clock.advance(time.Hour) // a freeze
		}
		g.want(key)
		g.store.rotate(key)
		accept(t, g.logs, key)
		td := ptrace.NewTraces()
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		require.NoError(t, g.spans.ConsumeTraces(t.Context(), td))
		var both sync.WaitGroup
		both.Go(func() { assert.NoError(t, g.logs.Flush(context.Background())) })
		both.Go(func() { assert.NoError(t, g.spans.Flush(context.Background())) })
		both.Wait()
		assert.Equal(t, round+1, g.store.lookups)
		assert.Equal(t, 2*round+2, g.refusals())
	}
	assert.Equal(t, []string{"a", "new", "newer"}, g.all())
	assert.Equal(t, int64(2), g.spans.counters().Delivered)
	assert.Zero(t, g.lines.Len(), "%v", g.lines.All())
}

// TestKeyThatArrivesLate: the backend wants the new key before the secret holds it. What is refused meanwhile is kept,
// for a bounded time, and asked about with few requests.
func TestKeyThatArrivesLate(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, func(*store) {})
	g.want("new")
	var sent []string
	for i := range 50 { // 50 s
		sent = append(sent, fmt.Sprint(i))
		accept(t, g.logs, sent[i])
		require.Error(t, g.logs.Flush(t.Context()))
		g.clock.advance(time.Second)
	}
	g.store.rotate("new")
	require.Eventually(t, func() bool {
		g.clock.advance(time.Second)
		return g.logs.Flush(t.Context()) == nil
	}, 10*time.Second, time.Microsecond)
	assertSame(t, sent, g.all())
	assert.Empty(t, g.logs.counters().Dropped)
	assert.LessOrEqual(t, g.refusals(), 14)
	assert.Equal(t, 2, g.store.lookups)
}

// TestWrongKeyForEver: after a minute what is refused is dropped, as without secrets, in a line that says what to check.
// When the secret holds the right key, it heals.
func TestWrongKeyForEver(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, func(*store) {})
	g.want("right")
	for i := range 200 {
		accept(t, g.logs, fmt.Sprint(i))
		_ = g.logs.Flush(t.Context())
		g.clock.advance(time.Second)
	}
	stats := g.logs.counters()
	assert.Zero(t, stats.QueuedRecords)
	assert.Equal(t, int64(200), stats.Dropped[reasonRejected])
	assert.LessOrEqual(t, g.lines.Len(), 200/30+1)
	last := g.lines.All()[g.lines.Len()-1]
	assert.Contains(t, last.Message, "dropped (rejected)")
	assert.Contains(t, fmt.Sprint(last.ContextMap()["error"]), "check the key or token")

	g.store.rotate("right")
	g.clock.advance(time.Minute)
	accept(t, g.logs, "healed")
	require.NoError(t, g.logs.Flush(t.Context()))
	assert.Equal(t, []string{"healed"}, g.all(), "not even one flush is lost after the lookup")
	g.want("next")
	accept(t, g.logs, "kept")
	require.Error(t, g.logs.Flush(t.Context()), "patience begins anew")
	assert.Equal(t, int64(200), g.logs.counters().Dropped[reasonRejected])
}

func TestWrongKeyWithoutSecrets(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, func(s *store) { s.none = true })
	g.want("right")
	accept(t, g.logs, "a", "b")
	require.NoError(t, g.logs.Flush(t.Context()))
	assert.Equal(t, int64(2), g.logs.counters().Dropped[reasonRejected])
	assert.Zero(t, g.store.lookups)
	assert.Equal(t, 1, g.refusals())
}

// TestUnusableRenewal: an exporter that cannot be created with what the secrets are now stays as it is.
func TestUnusableRenewal(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, func(s *store) { s.endpoint = "http://%" })
	g.want("new")
	g.store.rotate("new")
	accept(t, g.logs, "a")
	require.Error(t, g.logs.Flush(t.Context()))
	g.want("old")
	g.clock.advance(MaxProbeDelay)
	require.NoError(t, g.logs.Flush(t.Context()))
	assert.Equal(t, []string{"a"}, g.all())
}

func TestIsRefused(t *testing.T) {
	t.Parallel()
	for want, errs := range map[bool][]error{
		true: {
			consumererror.NewPermanent(status.Error(codes.Unauthenticated, "who?")),
			fmt.Errorf("export: %w", status.Error(codes.PermissionDenied, "no")),
			consumererror.NewOTLPHTTPError(errors.New("no"), 401),
			errors.New("remote write returned HTTP status 403 Forbidden; err = %!w(<nil>)"),
			errors.New("code: 516, message: default: Authentication failed"),
			&refusedError{error: status.Error(codes.Unauthenticated, "who?")},
		},
		false: {
			errUnavailable, errors.New("401"), status.Error(codes.Unavailable, "no"), consumererror.NewOTLPHTTPError(errors.New("no"), 400),
			context.DeadlineExceeded,
		},
	} {
		for _, err := range errs {
			assert.Equal(t, want, isRefused(err), "%v", err)
		}
	}
}

func TestExtendedHost(t *testing.T) {
	t.Parallel()
	a, b := &lifecycle{}, &lifecycle{}
	id := component.MustNewID("lambda_lifecycle")
	inner := newHost(a)
	assert.Same(t, b, extended(inner, map[component.ID]component.Component{id: b}).GetExtensions()[id])
	assert.Same(t, a, inner.GetExtensions()[id])
	assert.Equal(t, componenttest.NewNopHost(), extended(componenttest.NewNopHost(), nil))
}
