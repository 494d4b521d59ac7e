// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaconfmap

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"go.opentelemetry.io/collector/confmap"
)

func load(tb testing.TB, yaml string) *confmap.Conf {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(tb, err)
	conf, err := retrieved.AsConf()
	require.NoError(tb, err)
	return conf
}

func convert(tb testing.TB, conf *confmap.Conf) map[string]any {
	require.NoError(tb, NewFactory().Create(confmap.ConverterSettings{}).Convert(tb.Context(), conf))
	return conf.ToStringMap()
}

func TestConvert(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
	}{
		{
			name: "everything missing",
			in: `
receivers: {otlp: {protocols: {grpc: }}}
exporters: {debug: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
    logs/2: {receivers: [otlp], processors: [batch], exporters: [debug]}
    metrics: {receivers: [otlp], processors: , exporters: [debug]}
`,
			want: `
extensions: {lambda_lifecycle: }
receivers: {otlp: {protocols: {grpc: }}}
processors: {lambda_resource: }
exporters: {debug: }
service:
  extensions: [lambda_lifecycle]
  pipelines:
    traces: {receivers: [otlp], processors: [lambda_resource], exporters: [debug]}
    logs/2: {receivers: [otlp], processors: [lambda_resource, batch], exporters: [debug]}
    metrics: {receivers: [otlp], processors: [lambda_resource], exporters: [debug]}
`,
		},
		{
			name: "beside the user's own",
			in: `
extensions: {basicauth: {a: b}}
processors: {batch: {timeout: 1s}}
service:
  extensions: [basicauth]
  pipelines:
    traces: {processors: [batch]}
`,
			want: `
extensions: {basicauth: {a: b}, lambda_lifecycle: }
processors: {batch: {timeout: 1s}, lambda_resource: }
service:
  extensions: [lambda_lifecycle, basicauth]
  pipelines:
    traces: {processors: [lambda_resource, batch]}
`,
		},
		{
			name: "configured by the user, in another place",
			in: `
extensions: {lambda_lifecycle: {flush: end}, basicauth: }
processors: {lambda_resource: {a: b}, batch: , memory_limiter: }
service:
  extensions: [basicauth, lambda_lifecycle]
  pipelines:
    traces: {processors: [memory_limiter, " lambda_resource ", batch]}
`,
			want: `
extensions: {lambda_lifecycle: {flush: end}, basicauth: }
processors: {lambda_resource: {a: b}, batch: , memory_limiter: }
service:
  extensions: [lambda_lifecycle, basicauth]
  pipelines:
    traces: {processors: [" lambda_resource ", memory_limiter, batch]}
`,
		},
		{
			name: "named by the user",
			in: `
extensions: {lambda_lifecycle/mine: }
processors: {lambda_resource/mine: }
service:
  extensions: [lambda_lifecycle/mine]
  pipelines:
    traces: {processors: [batch, lambda_resource/mine]}
    logs: {processors: [batch]}
`,
			want: `
extensions: {lambda_lifecycle/mine: }
processors: {lambda_resource/mine: , lambda_resource: }
service:
  extensions: [lambda_lifecycle/mine]
  pipelines:
    traces: {processors: [lambda_resource/mine, batch]}
    logs: {processors: [lambda_resource, batch]}
`,
		},
		{
			name: "listed, but not configured",
			in:   "service: {extensions: [lambda_lifecycle], pipelines: {logs: {processors: [lambda_resource]}}}",
			want: `
extensions: {lambda_lifecycle: }
processors: {lambda_resource: }
service: {extensions: [lambda_lifecycle], pipelines: {logs: {processors: [lambda_resource]}}}
`,
		},
		{
			name: "lists in strings",
			in:   `service: {extensions: "a,b", pipelines: {logs: {processors: "batch,lambda_resource"}}}`,
			want: `
extensions: {lambda_lifecycle: }
processors: {lambda_resource: }
service: {extensions: [lambda_lifecycle, a, b], pipelines: {logs: {processors: [lambda_resource, batch]}}}
`,
		},
		{
			name: "credentials",
			in: `
exporters:
  otlp_http: {headers: {Authorization: "Basic me:pa:ss wörd$", other: "Basic a:b"}}
  otlp_http/encoded: {headers: {authorization: "Basic bWU6cGFzcw=="}}
  otlp_http/other: {headers: {authorization: "Bearer a:b"}}
  otlp_http/odd: {headers: {authorization: 7}}
  otlp_http/list: {headers: [{name: authorization, value: "Basic a:b"}]}
extensions: {headers: {authorization: "Basic a:b"}}
`,
			want: `
exporters:
  otlp_http: {headers: {Authorization: "Basic bWU6cGE6c3Mgd8O2cmQk", other: "Basic a:b"}}
  otlp_http/encoded: {headers: {authorization: "Basic bWU6cGFzcw=="}}
  otlp_http/other: {headers: {authorization: "Bearer a:b"}}
  otlp_http/odd: {headers: {authorization: 7}}
  otlp_http/list: {headers: [{name: authorization, value: "Basic a:b"}]}
extensions: {headers: {authorization: "Basic a:b"}}
`,
		},
		{
			name: "profiles",
			in:   "service: {extensions: [lambda_lifecycle/a], pipelines: {profiles: {receivers: [otlp]}}}",
			want: "service: {extensions: [lambda_lifecycle/a], pipelines: {profiles: {receivers: [otlp]}}}",
		},
		{
			name: "similar names",
			in:   "service: {extensions: [lambda_lifecycle2], pipelines: {logs: {processors: [a/lambda_resource]}}}",
			want: `
extensions: {lambda_lifecycle: }
processors: {lambda_resource: }
service: {extensions: [lambda_lifecycle, lambda_lifecycle2], pipelines: {logs: {processors: [lambda_resource, a/lambda_resource]}}}
`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conf := load(t, tt.in)
			want := load(t, tt.want).ToStringMap()
			assert.Equal(t, want, convert(t, conf))
			assert.Equal(t, want, convert(t, conf), "a second time")
		})
	}
}

// What is wrong stays as it is: the Collector says it better.
func TestOddConfigurationsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"",
		"receivers: {otlp: }",
		"service:",
		"service: {}",
		"service: []",
		"service: text",
		"extensions: [a]\nservice: {pipelines: }",
		"extensions: 7\nservice: {extensions: [a]}",
		"extensions: {a: }\nservice: {extensions: {a: }}",
		"extensions: {lambda_lifecycle: }\nservice: {extensions: 7, pipelines: [logs]}",
		"extensions: text\nprocessors: text\nservice: {extensions: [a], pipelines: {logs: {processors: [a]}}}",
		"service: {extensions: 7, pipelines: {logs: , traces: [], metrics: text, other: {processors: }}}",
		"service: {extensions: 7, pipelines: {logs: {processors: {a: }}}}",
	} {
		conf := load(t, in)
		assert.Equal(t, load(t, in).ToStringMap(), convert(t, conf), "%s", in)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add("service: {extensions: [a, lambda_lifecycle], pipelines: {logs: {processors: [b, lambda_resource]}}}")
	f.Add("service: {pipelines: {logs/1: {processors: 'a, b'}}}\nprocessors: []")
	f.Fuzz(func(t *testing.T, yaml string) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
		if err != nil {
			return
		}
		conf, err := retrieved.AsConf()
		if err != nil {
			return
		}
		once := convert(t, conf)
		require.Equal(t, once, convert(t, conf))
	})
}

// BenchmarkConvert compares the converter with a single copy of the map, which it avoids.
func BenchmarkConvert(b *testing.B) {
	const yaml = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "localhost:4317"}, http: {endpoint: "localhost:4318"}}}
  telemetryapi: {types: [platform, function, extension]}
processors:
  resource: {attributes: [{key: a, value: b, action: upsert}, {key: c, value: d, action: upsert}]}
  batch: {timeout: 1s, send_batch_size: 1000}
exporters:
  otlp_http: {endpoint: "https://backend:4318", headers: {authorization: key}, compression: gzip, timeout: 5s}
service:
  telemetry: {logs: {level: info}}
  pipelines:
    logs: {receivers: [telemetryapi, otlp], processors: [resource, batch], exporters: [otlp_http]}
    metrics: {receivers: [otlp], processors: [resource, batch], exporters: [otlp_http]}
    traces: {receivers: [otlp], processors: [resource, batch], exporters: [otlp_http]}
`
	in := load(b, yaml).ToStringMap()
	converter := NewFactory().Create(confmap.ConverterSettings{})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			confmap.NewFromStringMap(in)
		}
	})
	b.Run("load and convert", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, converter.Convert(b.Context(), confmap.NewFromStringMap(in)))
		}
	})
	b.Run("load and copy", func(b *testing.B) {
		for b.Loop() {
			confmap.NewFromStringMap(in).ToStringMap()
		}
	})
}
