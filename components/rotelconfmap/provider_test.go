// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

const testARN = "arn:aws:ssm:us-east-1:123456789012:parameter/"

// retrieve returns the configuration before it is resolved, and the lines that were logged with it.
func retrieve(tb testing.TB, environ ...string) (conf *confmap.Conf, log []string, err error) {
	tb.Helper()
	return retrieveIn(tb.Context(), tb, environ...)
}

func retrieveIn(ctx context.Context, tb testing.TB, environ ...string) (conf *confmap.Conf, log []string, err error) {
	tb.Helper()
	core, logs := observer.New(zapcore.WarnLevel)
	p := newFactory(func() []string { return environ }).Create(confmap.ProviderSettings{Logger: zap.New(core)})
	retrieved, err := p.Retrieve(ctx, uri, nil)
	for _, entry := range logs.All() {
		log = append(log, entry.Message)
	}
	if err != nil {
		return nil, log, err
	}
	conf, err = retrieved.AsConf()
	require.NoError(tb, err)
	require.NoError(tb, p.Shutdown(tb.Context()))
	return conf, log, nil
}

// Every testdata/*.env gives the *.yaml of the same name, logs the lines of its *.log, and loads.
func TestEnvironments(t *testing.T) {
	t.Setenv("KEY", "key")
	t.Setenv("TEAM", "payments")
	t.Setenv("TRACES_HOST", "traces.example.com")
	secrets := map[string]string{testARN + "endpoint": "https://backend.example.com:4317", testARN + "token": "token"}

	files, err := filepath.Glob("testdata/*.env")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		base := strings.TrimSuffix(file, ".env")
		t.Run(filepath.Base(base), func(t *testing.T) {
			environ := readLines(t, file)
			want, err := confmaptest.LoadConf(base + ".yaml")
			require.NoError(t, err)

			got, log, err := retrieve(t, environ...)
			require.NoError(t, err)
			assert.Equal(t, want.ToStringMap(), got.ToStringMap())
			assert.Equal(t, readLines(t, base+".log"), log)
			load(t, resolverSettings(environ, secrets))
		})
	}
}

// readLines returns the lines of a file that are no comments, none if there is no such file.
func readLines(t *testing.T, file string) []string {
	content, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestInvalidValues(t *testing.T) {
	t.Parallel()
	const (
		endpoint    = "ROTEL_OTLP_EXPORTER_ENDPOINT=http://backend:4317"
		tlsEndpoint = "ROTEL_OTLP_EXPORTER_ENDPOINT=https://backend:4317"
		badURL      = " must be a URL or host:port, for example https://backend.example.com:4317"
		badList     = " of it is not so: a value cannot hold a comma, and secrets go into values, name=${arn:…}"
	)
	tests := []struct {
		name    string
		environ []string
		want    string
	}{
		{"endpoint without port", []string{"ROTEL_OTLP_EXPORTER_ENDPOINT=hush"}, `"ROTEL_OTLP_EXPORTER_ENDPOINT"` + badURL},
		{"endpoint of another scheme", []string{"ROTEL_OTLP_EXPORTER_ENDPOINT=tcp://hush:1"}, `"ROTEL_OTLP_EXPORTER_ENDPOINT"` + badURL},
		{"endpoint without host", []string{"ROTEL_OTLP_EXPORTER_ENDPOINT=:4317"}, `"ROTEL_OTLP_EXPORTER_ENDPOINT"` + badURL},
		{"endpoint that is no URL", []string{"ROTEL_OTLP_EXPORTER_LOGS_ENDPOINT=http://hush:hush@ho st:x"}, `"ROTEL_OTLP_EXPORTER_LOGS_ENDPOINT"` + badURL},
		{"protocol", []string{endpoint, "ROTEL_OTLP_EXPORTER_PROTOCOL=hush"}, `"ROTEL_OTLP_EXPORTER_PROTOCOL" must be grpc or http`},
		{"compression", []string{endpoint, "ROTEL_OTLP_EXPORTER_COMPRESSION=hush"}, `"ROTEL_OTLP_EXPORTER_COMPRESSION" must be gzip or none`},
		{"timeout without unit", []string{endpoint, "ROTEL_OTLP_EXPORTER_REQUEST_TIMEOUT=5"}, `"ROTEL_OTLP_EXPORTER_REQUEST_TIMEOUT" must be a positive duration with its unit, for example 500ms or 5s`},
		{"timeout of nothing", []string{endpoint, "ROTEL_OTLP_EXPORTER_REQUEST_TIMEOUT=0s"}, `"ROTEL_OTLP_EXPORTER_REQUEST_TIMEOUT" must be a positive duration with its unit, for example 500ms or 5s`},
		{"skip verify", []string{endpoint, "ROTEL_OTLP_EXPORTER_TLS_SKIP_VERIFY=hush"}, `"ROTEL_OTLP_EXPORTER_TLS_SKIP_VERIFY" must be true or false`},
		{"header without name", []string{endpoint, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=a=b,hush"}, `"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS" must be a list name=value,name=value, and entry 2` + badList},
		{"headers in two secrets", []string{endpoint, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=${" + testARN + "a}${" + testARN + "b}"}, `"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS" must be a list name=value,name=value, and entry 1` + badList},
		{"header with a colon", []string{endpoint, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=Authorization: hush=="}, `"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS" holds a name that no header can have, in the pair 1 of name=value,name=value: use letters, digits and hyphens`},
		{"header of two lines", []string{endpoint, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=a=b,c=hush\nhush"}, `"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS" holds a line break or another control character in the value of pair 2: remove it`},
		{"authenticator", []string{endpoint, "ROTEL_OTLP_EXPORTER_AUTHENTICATOR=hush"}, `"ROTEL_OTLP_EXPORTER_AUTHENTICATOR" must be basic or sigv4auth`},
		{"no user", []string{endpoint, "ROTEL_OTLP_EXPORTER_AUTHENTICATOR=basic"}, `"ROTEL_OTLP_EXPORTER_BASIC_AUTH_USERNAME" must be set, and without a colon, for the authenticator "basic"`},
		{"user with a colon", []string{endpoint, "ROTEL_OTLP_EXPORTER_AUTHENTICATOR=basic", "ROTEL_OTLP_EXPORTER_BASIC_AUTH_USERNAME=hush:hush"}, `"ROTEL_OTLP_EXPORTER_BASIC_AUTH_USERNAME" must be set, and without a colon, for the authenticator "basic"`},
		{"certificate without key", []string{tlsEndpoint, "ROTEL_OTLP_EXPORTER_TLS_CERT_PEM=hush"}, `"ROTEL_OTLP_EXPORTER_TLS_CERT_FILE" needs a key, and a key a certificate: set _FILE or _PEM of both`},
		{"file and PEM", []string{tlsEndpoint, "ROTEL_OTLP_EXPORTER_TLS_CA_PEM=hush", "ROTEL_OTLP_EXPORTER_TLS_CA_FILE=hush"}, `"ROTEL_OTLP_EXPORTER_TLS_CA_FILE" and the variable that ends in _PEM say the same: set one of them`},
		{"message size", []string{endpoint, "ROTEL_OTLP_GRPC_MAX_RECV_MSG_SIZE_MIB=0"}, `"ROTEL_OTLP_GRPC_MAX_RECV_MSG_SIZE_MIB" must be a positive number`},
		{"disabled", []string{endpoint, "ROTEL_OTLP_RECEIVER_LOGS_DISABLED=hush"}, `"ROTEL_OTLP_RECEIVER_LOGS_DISABLED" must be true or false`},
		{"path", []string{endpoint, "ROTEL_OTLP_RECEIVER_LOGS_HTTP_PATH=hush"}, `"ROTEL_OTLP_RECEIVER_LOGS_HTTP_PATH" must be a path, for example /v1/logs`},
		{"exporters", []string{"ROTEL_EXPORTERS=a b:otlp"}, `"ROTEL_EXPORTERS" must be a list name:type,name:type, its names of letters, digits, - and _`},
		{"exporter that is not there", []string{"ROTEL_EXPORTERS=a:otlp", "ROTEL_EXPORTERS_LOGS=hush"}, `"ROTEL_EXPORTERS_LOGS" names an exporter that "ROTEL_EXPORTERS" does not`},
		{"named exporter", []string{"ROTEL_EXPORTERS=a:otlp", "ROTEL_EXPORTERS_LOGS=a", "ROTEL_EXPORTER_A_ENDPOINT=hush"}, `"ROTEL_EXPORTER_A_ENDPOINT"` + badURL},
		{"ClickHouse", []string{"ROTEL_EXPORTER=clickhouse", "ROTEL_CLICKHOUSE_EXPORTER_ENDPOINT=tcp://hush:9000"}, `"ROTEL_CLICKHOUSE_EXPORTER_ENDPOINT"` + badURL},
		{"log format", []string{endpoint, "ROTEL_LOG_FORMAT=hush"}, `"ROTEL_LOG_FORMAT" must be text or json`},
		{"attribute", []string{"ROTEL_OTEL_RESOURCE_ATTRIBUTES=hush"}, `"ROTEL_OTEL_RESOURCE_ATTRIBUTES" must be a list name=value,name=value, and entry 1` + badList},
		{"debug", []string{"ROTEL_DEBUG_LOG=traces,hush"}, `"ROTEL_DEBUG_LOG" must be traces, metrics, logs, several of them with commas, or none`},
		{"platform telemetry", []string{"OTELCOL_LAMBDA_PLATFORM_TELEMETRY=traces,hush"}, `"OTELCOL_LAMBDA_PLATFORM_TELEMETRY" must be traces, metrics, several of them with commas, or none`},
		{"verbosity", []string{"ROTEL_DEBUG_LOG=traces", "ROTEL_DEBUG_LOG_VERBOSITY=hush"}, `"ROTEL_DEBUG_LOG_VERBOSITY" must be basic or detailed`},
		{"receiver", []string{"ROTEL_OTLP_GRPC_ENDPOINT=4317"}, `"ROTEL_OTLP_GRPC_ENDPOINT" must be host:port, for example localhost:4317`},
		{
			"all at once, each one once",
			[]string{endpoint, "ROTEL_OTLP_EXPORTER_PROTOCOL=hush", "ROTEL_OTLP_EXPORTER_COMPRESSION=hush"},
			`"ROTEL_OTLP_EXPORTER_COMPRESSION" must be gzip or none; "ROTEL_OTLP_EXPORTER_PROTOCOL" must be grpc or http`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, log, err := retrieve(t, tt.environ...)
			require.EqualError(t, err, "invalid environment: "+tt.want)
			assert.NotContains(t, err.Error(), "hush")
			assert.Empty(t, log)
		})
	}
}

// What is not in the layer is left out, and the rest works.
func TestMissingComponents(t *testing.T) {
	t.Parallel()
	const remedy = " is not in this layer: take the layer otelcol-lambda-full, or add it to your manifest"
	for name, tt := range map[string]struct {
		environ []string
		want    map[string]any // Exporters of the signals.
		log     []string
	}{
		"ClickHouse": {
			environ: []string{"ROTEL_EXPORTER=clickhouse", "ROTEL_CLICKHOUSE_EXPORTER_ENDPOINT=http://clickhouse:8123"},
			want:    map[string]any{"logs": "nop", "metrics": "nop", "traces": "nop"},
			log:     []string{"telemetry is accepted and discarded: the exporter clickhouse" + remedy},
		},
		"one of several": {
			environ: []string{
				"ROTEL_EXPORTERS=aws:otlp,other:otlp", "ROTEL_EXPORTERS_LOGS=aws", "ROTEL_EXPORTERS_TRACES=other",
				"ROTEL_EXPORTER_AWS_ENDPOINT=https://logs.us-east-1.amazonaws.com", "ROTEL_EXPORTER_AWS_PROTOCOL=http",
				"ROTEL_EXPORTER_AWS_AUTHENTICATOR=sigv4auth", "ROTEL_EXPORTER_OTHER_ENDPOINT=https://backend:4317",
			},
			want: map[string]any{"logs": "nop", "metrics": "nop", "traces": "otlp_grpc/other"},
			log:  []string{`exporter "aws" is left out: the extension sigv4auth` + remedy},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := WithComponents(t.Context(), func(kind component.Kind, componentType string) bool {
				return kind == component.KindExporter && componentType != "clickhouse"
			})
			conf, log, err := retrieveIn(ctx, t, tt.environ...)
			require.NoError(t, err)
			for signal, id := range tt.want {
				assert.Equal(t, []any{id}, conf.Get("service::pipelines::"+signal+"::exporters"), signal)
			}
			assert.Nil(t, conf.Get("extensions"))
			assert.Equal(t, tt.log, log)
		})
	}
}

func TestLogLevel(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]any{
		"": nil, "TRACE": "debug", " warn ": "warn", "h2=debug": nil, "h2=debug,error": "error", "off": "error", "loud": nil,
	} {
		conf, _, err := retrieve(t, "ROTEL_LOG_LEVEL="+filter)
		require.NoError(t, err)
		assert.Equal(t, want, conf.Get("service::telemetry::logs::level"), "%q", filter)
	}
	conf, _, err := retrieve(t, "ROTEL_LOG_LEVEL=debug", "OPENTELEMETRY_EXTENSION_LOG_LEVEL=error")
	require.NoError(t, err)
	assert.Nil(t, conf.Get("service::telemetry"), "the layer's own variable counts")
}

func TestProvider(t *testing.T) {
	t.Parallel()
	p := NewFactory().Create(confmap.ProviderSettings{Logger: zap.NewNop()})
	require.NoError(t, confmaptest.ValidateProviderScheme(p))
	for _, other := range []string{"rotel:", "rotel:file", "env:env"} {
		_, err := p.Retrieve(t.Context(), other, nil)
		require.EqualError(t, err, `"`+other+`" is not supported by the "rotel" provider: use "rotel:env"`)
	}
	require.NoError(t, p.Shutdown(t.Context()))
}

// The stock factory reads the environment of the process.
func TestProcessEnvironment(t *testing.T) {
	t.Setenv("ROTEL_OTLP_EXPORTER_ENDPOINT", "http://from-process:4317")
	p := NewFactory().Create(confmap.ProviderSettings{Logger: zap.NewNop()})
	retrieved, err := p.Retrieve(t.Context(), uri, nil)
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	assert.Equal(t, "http://from-process:4317", conf.Get("exporters::otlp_grpc::endpoint"))
}

func FuzzEnvironment(f *testing.F) {
	f.Add("http://a:4317", "a=b,c=${arn:x}", "k=v", "grpc")
	f.Add("https://$:1/$", "a=$${env:A}", "k=\x00", "")
	f.Fuzz(func(t *testing.T, endpoint, headers, attributes, protocol string) {
		conf, _, err := retrieve(t, "ROTEL_EXPORTERS_LOGS="+protocol, "ROTEL_LOG_LEVEL="+attributes,
			"ROTEL_OTLP_EXPORTER_ENDPOINT="+endpoint, "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS="+headers,
			"ROTEL_OTEL_RESOURCE_ATTRIBUTES="+attributes, "ROTEL_OTLP_EXPORTER_PROTOCOL="+protocol)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		if conf.Get("service::pipelines::logs::exporters") == nil {
			t.Fatal("no exporter")
		}
	})
}

func BenchmarkRetrieve(b *testing.B) {
	environ := []string{
		"ROTEL_OTLP_EXPORTER_ENDPOINT=https://backend:4318", "ROTEL_OTLP_EXPORTER_PROTOCOL=http",
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=authorization=${arn:x}", "ROTEL_OTEL_RESOURCE_ATTRIBUTES=a=b,c=d",
	}
	p := newFactory(func() []string { return environ }).Create(confmap.ProviderSettings{Logger: zap.NewNop()})
	b.ReportAllocs()
	for b.Loop() {
		_, err := p.Retrieve(b.Context(), uri, nil)
		require.NoError(b, err)
	}
}
