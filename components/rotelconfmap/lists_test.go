// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// resolveLists resolves rotel:env with the converter.
func resolveLists(t *testing.T, environ []string, secrets map[string]string) (*confmap.Conf, error) {
	t.Helper()
	set := resolverSettings(environ, secrets)
	set.ConverterFactories = ListConverters(environ)
	resolver, err := confmap.NewResolver(set)
	require.NoError(t, err)
	defer func() { assert.NoError(t, resolver.Shutdown(t.Context())) }()
	return resolver.Resolve(t.Context())
}

// TestListsInSecrets: a list that is one secret as a whole is taken apart once it is resolved, for all signals or one.
func TestListsInSecrets(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		testARN + "headers":    " Authorization = Bearer a$b=, x-Key=1 ,",
		testARN + "logs":       "x-key=logs,authorization=Bearer other",
		testARN + "attributes": "a=1, b = ${NAME}$$ ",
	}
	conf, err := resolveLists(t, []string{
		"ROTEL_OTLP_EXPORTER_ENDPOINT=http://localhost:4318", "ROTEL_OTLP_EXPORTER_PROTOCOL=http",
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=secret://" + testARN + "headers",
		"ROTEL_OTLP_EXPORTER_LOGS_CUSTOM_HEADERS= ${" + testARN + "logs} ",
		"ROTEL_OTLP_EXPORTER_LOGS_AUTHENTICATOR=basic", "ROTEL_OTLP_EXPORTER_LOGS_BASIC_AUTH_USERNAME=u", "ROTEL_OTLP_EXPORTER_LOGS_BASIC_AUTH_PASSWORD=p",
		"ROTEL_OTEL_RESOURCE_ATTRIBUTES=${" + testARN + "attributes}",
	}, secrets)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"authorization": "Bearer a$b=", "x-key": "1"}, conf.Get("exporters::otlp_http::headers"))
	assert.Equal(t, map[string]any{"authorization": "Basic u:p", "x-key": "logs"}, conf.Get("exporters::otlp_http/logs::headers"))
	assert.Equal(t, []any{upsert("a", "1"), upsert("b", "${NAME}$$")}, conf.Get(attributesKey))
}

func TestInvalidListsInSecrets(t *testing.T) {
	t.Parallel()
	for name, variable := range map[string]string{
		"headers": "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS", "attributes": attributesVar,
	} {
		for _, value := range []string{"hidden", "a=1,hidden", "=hidden"} {
			_, err := resolveLists(t, []string{
				"ROTEL_OTLP_EXPORTER_ENDPOINT=http://localhost:4318", variable + "=${" + testARN + name + "}",
			}, map[string]string{testARN + name: value})
			require.ErrorContains(t, err, `the secret that "`+variable+`" refers to must be a list name=value,name=value`)
			assert.NotContains(t, err.Error(), "hidden")
		}
	}
}

// TestUnresolvedListsStay: print-config shows references.
func TestUnresolvedListsStay(t *testing.T) {
	t.Parallel()
	reference := "${" + testARN + "x}"
	conf, err := resolveLists(t, []string{
		"ROTEL_OTLP_EXPORTER_ENDPOINT=http://localhost:4318", "ROTEL_OTLP_EXPORTER_PROTOCOL=http",
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=" + reference, attributesVar + "=" + reference,
	}, map[string]string{testARN + "x": reference})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"(ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS)": reference}, conf.Get("exporters::otlp_http::headers"))
	assert.Equal(t, []any{upsert("("+attributesVar+")", reference)}, conf.Get(attributesKey))
	assert.Empty(t, ListConverters([]string{"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=a=" + reference, "OTHER_CUSTOM_HEADERS=" + reference}))
}
