// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// authenticator is an extension that exporters use.
type authenticator struct {
	extension.Extension
	key  string
	down int
}

func (*authenticator) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return base, nil
}
func (*authenticator) Start(context.Context, component.Host) error { return nil }
func (a *authenticator) Shutdown(context.Context) error            { a.down++; return nil }

// other is an extension that they do not.
type other struct {
	component.StartFunc
	component.ShutdownFunc
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

// renewal is a renewer of a configuration that runs.
type renewal struct {
	*renewer
	vault  *vault
	clock  time.Time
	loads  int
	broken error
	lines  *observer.ObservedLogs
	host   extensions
	set    exporter.Settings
}

func newRenewal(t *testing.T, key string) *renewal {
	const yaml = "exporters: {nop: {headers: ['${arn:key}']}}"
	refs := &references{}
	core, lines := observer.New(zapcore.InfoLevel)
	r := &renewal{renewer: newRenewer(refs), vault: &vault{values: map[string]string{"arn:key": key}}, clock: time.Now(), lines: lines}
	r.now = func() time.Time { return r.clock }
	auth, ext := component.MustNewType("auth"), component.MustNewType("ext")
	r.host = extensions{component.NewID(auth): &authenticator{key: key}, component.NewID(ext): &other{}}
	r.set = exportertest.NewNopSettings(component.MustNewType("nop"))
	r.set.ID = component.MustNewID("nop")
	load := func(context.Context) (*otelcol.Config, error) {
		r.loads++
		if r.broken != nil {
			return nil, r.broken
		}
		resolved := resolve(t, refs, r.vault, yaml)
		return &otelcol.Config{
			Exporters:  map[component.ID]component.Config{r.set.ID: resolved["exporters"]},
			Extensions: map[component.ID]component.Config{component.NewID(auth): r.vault.values["arn:key"]},
		}, nil
	}
	_, err := load(t.Context())
	require.NoError(t, err)
	r.follow(load, otelcol.Factories{Extensions: map[component.Type]extension.Factory{
		auth: extension.NewFactory(auth, func() component.Config { return "" },
			func(_ context.Context, _ extension.Settings, cfg component.Config) (extension.Extension, error) {
				return &authenticator{key: cfg.(string)}, nil
			}, component.StabilityLevelStable),
	}}, zap.New(core))
	r.loads = 0
	return r
}

func (r *renewal) renew(version int) (key string, fresh int) {
	got, _ := r.Renew(context.Background(), r.set, r.host, version)
	if got == nil {
		return "", version
	}
	return got.Extensions[component.MustNewID("auth")].(*authenticator).key, got.Version
}

func TestRenewer(t *testing.T) {
	t.Parallel()
	r := newRenewal(t, "old")
	require.True(t, r.Renewable())
	key, version := r.renew(0)
	assert.Empty(t, key, "nothing has changed")
	r.vault.values["arn:key"] = "new"
	_, _ = r.renew(0)
	assert.Equal(t, 1, r.loads, "not twice in a minute")
	r.clock = r.clock.Add(renewMin)
	key, version = r.renew(version)
	assert.Equal(t, "new", key)
	assert.Equal(t, 1, version)
	key, _ = r.renew(0)
	assert.Equal(t, "new", key, "another signal, which has not changed to it")
	assert.Equal(t, 2, r.loads)
	again, lookedUp := r.Renew(t.Context(), r.set, r.host, version)
	assert.Nil(t, again)
	assert.Equal(t, r.clock, lookedUp)
	assert.Equal(t, []any{"new"}, r.latest[r.set.ID].Config.(map[string]any)["nop"].(map[string]any)["headers"])
	assert.Len(t, r.latest[r.set.ID].Extensions, 1, "those that authenticate")

	started := r.started[0].(*authenticator)
	r.shutdown(t.Context())
	r.shutdown(t.Context())
	assert.Equal(t, 1, started.down)
	assert.False(t, r.Renewable())
}

// TestRenewerIsPatient: while the secrets stay what they are, or cannot be had, they are looked up ever less often.
func TestRenewerIsPatient(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{nil, errors.New("secret x:\ndenied")} {
		r := newRenewal(t, "old")
		r.broken = broken
		var at []time.Duration
		begin := r.clock
		for ; r.clock.Sub(begin) < time.Hour; r.clock = r.clock.Add(time.Second) {
			before := r.loads
			_, _ = r.renew(0)
			if r.loads != before {
				at = append(at, r.clock.Sub(begin)/time.Minute)
			}
		}
		assert.Equal(t, []time.Duration{0, 1, 3, 7, 15, 30, 45}, at)
		if broken != nil {
			require.Equal(t, len(at), r.lines.Len())
			assert.Contains(t, r.lines.All()[0].Message, "secret x: denied")
		}
	}
}

func TestRenewerWaitsForNobodyLong(t *testing.T) {
	t.Parallel()
	r := newRenewal(t, "old")
	r.turn <- struct{}{} // another flush looks up
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, lookedUp := r.Renew(ctx, r.set, r.host, 0)
	assert.Nil(t, got)
	assert.Zero(t, lookedUp)
}

func TestNothingToRenew(t *testing.T) {
	t.Parallel()
	refs := &references{}
	r := newRenewer(refs)
	assert.False(t, r.Renewable(), "nothing runs")
	resolve(t, refs, &vault{}, "exporters: {nop: {}}")
	r.follow(nil, otelcol.Factories{}, zap.NewNop())
	assert.False(t, r.Renewable(), "there are no secrets")
}

// TestConfigurationIsTheSameAgain: only the secrets of a configuration that is resolved again are asked for.
func TestConfigurationIsTheSameAgain(t *testing.T) {
	refs := &references{}
	v := &vault{values: map[string]string{"arn:a": "1", "arn:b": "2"}}
	t.Setenv("A", "secret://arn:a")
	t.Setenv("B", "0123")
	set := confmap.ResolverSettings{
		URIs:          []string{"yaml:{x: '${A}', y: '${env:B}', z: 'a ${arn:b}'}"},
		DefaultScheme: envScheme,
		ProviderFactories: refs.follow([]confmap.ProviderFactory{
			yamlprovider.NewFactory(), envprovider.NewFactory(),
			confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return v }),
		}),
	}
	prints := map[fingerprint]bool{}
	for round, want := range []map[string]any{
		{"x": "1", "y": 83, "z": "a 2"}, {"x": "1", "y": 83, "z": "a 2"}, {"x": "1", "y": 83, "z": "a new"},
	} {
		if round == 2 {
			v.values["arn:b"] = "new"
		}
		v.announced, v.asked = nil, false
		resolver, err := confmap.NewResolver(set)
		require.NoError(t, err)
		conf, err := resolver.Resolve(t.Context())
		require.NoError(t, err)
		require.NoError(t, resolver.Shutdown(t.Context()))
		assert.Equal(t, want, conf.ToStringMap())
		assert.Subset(t, v.announced, []string{"arn:a at x by way of A", "arn:b at z"}, "they are fetched together")
		prints[refs.fingerprint()] = true
		t.Setenv("B", "changed")
	}
	assert.Len(t, prints, 2)
}
