// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdaconfmap"
)

// configurations are what the way past the resolver must not change.
var configurations = map[string]string{
	"empty":               "",
	"null":                "~",
	"no references":       "{receivers: {otlp: {protocols: {grpc: , http: {endpoint: 'localhost:4318'}}}}, exporters: {nop: }, service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}}",
	"references":          "{receivers: {otlp: }, exporters: {otlp: {endpoint: '${env:BACKEND}', headers: {a: ['${LIST}', b]}}}, service: {extensions: [], pipelines: {}}}",
	"one section":         "{exporters: {otlp: {endpoint: '${env:BACKEND}'}}}",
	"a section":           "{exporters: '${env:TREE}', processors: {batch: {timeout: 1s}}}",
	"another file":        "{exporters: '${yaml:{nop: {a: [1, 2]}}}', processors: {batch: {send_batch_size: 10}}}",
	"dollar signs":        "{exporters: {a: 'cost: $$5', b: '$$${env:BACKEND}', c: $x}, processors: {a: plain}}",
	"types":               "{a: 1, b: 1.5, c: true, d: 2026-01-02, e: [1, [2, {f: 3}]], g: {}, h: [], i: , j: {k: {}, l: }, m: '0x10'}",
	"paths as keys":       "{'receivers::otlp::protocols': {grpc: }, exporters: {'a::b': 1}}",
	"a path as a header":  "{exporters: {'otlp_http::headers': {authorization: 'Basic a:b'}}}",
	"a path to pipelines": "{processors: {batch: }, service: {'pipelines::logs': {processors: [batch]}}}",
	"not sections":        "{receivers: otlp, service: '${BACKEND}'}",
	"numbers as keys":     "{a: {5: '${env:BACKEND}'}, b: {6: {7: x}}, c: [{8: '${env:BACKEND}'}], d: [{9: [{10: x}]}]}",
	"unset variable":      "{a: '${env:UNSET_VARIABLE}', b: '${env:UNSET_VARIABLE:-c}', d: e}",
}

// resolveBoth resolves a configuration on both ways, twice each, and compares what comes of it.
func resolveBoth(t *testing.T, set confmap.ResolverSettings) {
	t.Helper()
	set.DefaultScheme = envScheme
	set.ProviderFactories = (&references{}).follow([]confmap.ProviderFactory{
		yamlprovider.NewFactory(), fileprovider.NewFactory(), envprovider.NewFactory(),
	})
	plain := set
	new(direct).shorten(&set)
	var confs []*confmap.Conf
	for _, set := range []confmap.ResolverSettings{plain, set} {
		resolver, err := confmap.NewResolver(set)
		require.NoError(t, err)
		for range 10 { // as on a renewal, and often enough to see all orders of a map
			conf, err := resolver.Resolve(t.Context())
			require.NoError(t, err)
			confs = append(confs, conf)
		}
		require.NoError(t, resolver.Shutdown(t.Context()))
	}
	for _, conf := range confs[1:] {
		assert.Equal(t, confs[0].AllKeys(), conf.AllKeys())
		assert.Equal(t, confs[0].ToStringMap(), conf.ToStringMap())
	}
}

// TestDirect: what comes of a configuration is the same on both ways, before and after another converter.
func TestDirect(t *testing.T) {
	t.Setenv("BACKEND", "backend:4317")
	t.Setenv("LIST", "[a, 2]")
	t.Setenv("TREE", "{nop: {a: b}}")
	for name, yaml := range configurations {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
			for _, uri := range []string{"yaml:" + yaml, "file:" + path, path} {
				for _, converters := range [][]confmap.ConverterFactory{nil, {lambdaconfmap.NewFactory()}} {
					resolveBoth(t, confmap.ResolverSettings{URIs: []string{uri}, ConverterFactories: converters})
				}
			}
		})
	}
}

// TestDirectHoldsBack: the resolver sees nothing but sections with references.
func TestDirectHoldsBack(t *testing.T) {
	t.Parallel()
	d := &direct{}
	set := confmap.ResolverSettings{
		URIs:              []string{"yaml:{receivers: {otlp: }, exporters: {a: [$x]}, processors: {p: {a: b}}}"},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
	}
	d.shorten(&set)
	provider := set.ProviderFactories[0].Create(confmap.ProviderSettings{})
	retrieved, err := provider.Retrieve(t.Context(), set.URIs[0], nil)
	require.NoError(t, err)
	seen, err := retrieved.AsRaw()
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"exporters": map[string]any{"a": []any{"$x"}}}, seen)
	conf := confmap.New()
	require.NoError(t, d.Convert(t.Context(), conf))
	assert.Equal(t, map[string]any{"receivers": map[string]any{"otlp": nil}, "processors": map[string]any{"p": map[string]any{"a": "b"}}}, conf.ToStringMap())
}

// TestDirectAfterFailure: a configuration that cannot be resolved leaves nothing to the one that takes its place, which comes
// from another provider.
func TestDirectAfterFailure(t *testing.T) {
	t.Parallel()
	set := confmap.ResolverSettings{
		URIs:              []string{"yaml:{receivers: {otlp: }, exporters: {a: '${nowhere:x}'}}"},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
	}
	new(direct).shorten(&set)
	failing, err := confmap.NewResolver(set)
	require.NoError(t, err)
	_, err = failing.Resolve(t.Context())
	require.Error(t, err)
	set.URIs, set.ProviderFactories = []string{"yaml:{exporters: {nop: }}"}, []confmap.ProviderFactory{yamlprovider.NewFactory()}
	next, err := confmap.NewResolver(set)
	require.NoError(t, err)
	conf, err := next.Resolve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"exporters": map[string]any{"nop": nil}}, conf.ToStringMap())
}

// BenchmarkResolve resolves the configuration of most functions, which has no references, on both ways.
func BenchmarkResolve(b *testing.B) {
	for name, shorten := range map[string]func(*confmap.ResolverSettings){
		"resolver": func(*confmap.ResolverSettings) {}, "direct": new(direct).shorten,
	} {
		b.Run(name, func(b *testing.B) {
			set := confmap.ResolverSettings{
				URIs:              []string{"yaml:" + configurations["no references"]},
				ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
			}
			shorten(&set)
			b.ReportAllocs()
			for b.Loop() {
				resolver, err := confmap.NewResolver(set)
				require.NoError(b, err)
				_, err = resolver.Resolve(b.Context())
				require.NoError(b, err)
			}
		})
	}
}
