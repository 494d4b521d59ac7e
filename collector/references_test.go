// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// vault is a provider of secrets that notes what was announced to it before it was asked.
type vault struct {
	values    map[string]string
	announced []string
	asked     bool
}

func (v *vault) Expect(uri, where string) {
	if !v.asked {
		v.announced = append(v.announced, uri+" at "+where)
	}
}

func (v *vault) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	v.asked = true
	return confmap.NewRetrieved(strings.ReplaceAll(v.values[uri], "$", "$$"))
}

func (*vault) Scheme() string                 { return "arn" }
func (*vault) Shutdown(context.Context) error { return nil }

func resolve(t *testing.T, refs *references, v *vault, yaml string) map[string]any {
	t.Helper()
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:          []string{"yaml:" + yaml},
		DefaultScheme: envScheme,
		ProviderFactories: refs.follow([]confmap.ProviderFactory{
			yamlprovider.NewFactory(), envprovider.NewFactory(),
			confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return v }),
		}),
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	require.NoError(t, err)
	require.NoError(t, resolver.Shutdown(t.Context()))
	return conf.ToStringMap()
}

// TestReferencesAnnounced: all references are known before the first secret is asked for, wherever they come from.
func TestReferencesAnnounced(t *testing.T) {
	t.Setenv("KEY", "${arn:env}")
	t.Setenv("PLAIN", "secret://arn:plain")
	t.Setenv("TREE", "{a: 'secret://arn:tree'}")
	t.Setenv("LOOP", "${env:LOOP2}")
	t.Setenv("LOOP2", "$${env:LOOP}")
	v := &vault{values: map[string]string{"arn:one": "1$", "arn:two": "2", "arn:env": "3", "arn:plain": "4", "arn:tree": "5", "arn:def": "6"}}
	conf := resolve(t, &references{}, v, `
a: {b: 'x ${arn:one} ${arn:two}', list: ['${arn:one}', plain]}
env: 'Bearer ${env:KEY}'
short: ${PLAIN}
tree: ${env:TREE}
default: ${env:UNSET:-secret://arn:def}
whole: secret://arn:two
other: secret://elsewhere
port: 4318
escaped: '$${arn:escaped} $$${arn:one}'
loop: ${env:LOOP}
`)
	assert.Equal(t, map[string]any{
		"a":   map[string]any{"b": "x 1$ 2", "list": []any{"1$", "plain"}},
		"env": "Bearer 3", "short": "4", "tree": map[string]any{"a": "5"}, "default": "6", "whole": "2",
		"other": "secret://elsewhere", "port": 4318, "escaped": "${arn:escaped} $1$", "loop": "${env:LOOP}",
	}, conf)
	slices.Sort(v.announced)
	assert.Equal(t, []string{
		"arn:def at default by way of UNSET:-secret://arn:def",
		"arn:env at env by way of KEY",
		"arn:one at a::b", "arn:one at a::list::0", "arn:one at escaped",
		"arn:plain at short by way of PLAIN",
		"arn:tree at tree by way of TREE::a",
		"arn:two at a::b", "arn:two at whole",
	}, v.announced)
}

// TestReferencesUnresolved: for print-config no secret is asked for, and the references are what is printed.
func TestReferencesUnresolved(t *testing.T) {
	t.Setenv("KEY", "secret://arn:env#key")
	v := &vault{}
	conf := resolve(t, &references{unresolved: true}, v, "{a: 'x ${arn:one}', b: 'secret://arn:two', c: '${env:KEY}'}")
	assert.Equal(t, map[string]any{"a": "x ${arn:one}", "b": "${arn:two}", "c": "${arn:env#key}"}, conf)
	assert.False(t, v.asked)
	assert.True(t, printsConfig([]string{"collector", "print-config", "--config", "x"}))
	assert.False(t, printsConfig([]string{"collector", "validate"}))
}

func TestMasks(t *testing.T) {
	v := &vault{values: map[string]string{"arn:key": "pa$$ \"word\"\n/", "arn:short": "443"}}
	refs := &references{}
	core, logged := observer.New(zapcore.InfoLevel)
	logger := zap.New(core, zap.WrapCore(refs.masks.core))
	logger.Info("before")
	resolve(t, refs, v, "{a: '${arn:key}', b: '${arn:short}'}")
	secret := v.values["arn:key"]

	assert.EqualError(t, refs.masks.error(errors.New("x "+secret+" y")), "x [REDACTED] y")
	assert.EqualError(t, refs.masks.error(errors.New(`parse "http://pa$$%20%22word%22%0A%2F/": 443`)), `parse "http://[REDACTED]/": 443`)
	assert.EqualError(t, refs.masks.error(errors.New(`"x=pa$$ \"word\"\n/"`)), `"x=[REDACTED]"`)
	assert.NoError(t, refs.masks.error(nil))
	refs.masks.add("authorization=Bearer one, x-key=two=,n=3")
	assert.EqualError(t, refs.masks.error(errors.New("Bearer one and two= and 3")), "[REDACTED] and [REDACTED] and 3", "the values of a list")

	logger.With(zap.String("with", secret)).Info("message "+secret, zap.Error(errors.New(secret)),
		zap.Strings("list", []string{secret}), zap.Any("tree", map[string]any{"x": secret}), zap.Int("n", 1))
	logger.Debug("not at this level")
	require.Equal(t, 2, logged.Len())
	entry := logged.All()[1]
	assert.Equal(t, "message [REDACTED]", entry.Message)
	assert.Equal(t, map[string]any{"with": masked, "error": masked, "list": "[[REDACTED]]", "tree": "map[x:[REDACTED]]", "n": int64(1)}, entry.ContextMap())
}

// BenchmarkReferences is what a configuration without secrets pays.
func BenchmarkReferences(b *testing.B) {
	receiver := map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "localhost:4317"}, "http": map[string]any{"endpoint": "localhost:4318"}}}
	pipeline := map[string]any{"receivers": []any{"otlp"}, "processors": []any{"resource"}, "exporters": []any{"otlp_http"}}
	config := map[string]any{
		"receivers": map[string]any{"otlp": receiver},
		"exporters": map[string]any{"otlp_http": map[string]any{"endpoint": "https://backend:4318", "headers": map[string]any{"authorization": "key"}}},
		"service":   map[string]any{"pipelines": map[string]any{"logs": pipeline, "metrics": pipeline, "traces": pipeline}},
	}
	refs := &references{}
	refs.follow(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, changed := refs.look(b.Context(), config, ""); changed {
			b.Fatal("changed")
		}
	}
}
