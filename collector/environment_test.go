// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// environmentOf is an environment of the given variables and files.
func environmentOf(variables map[string]string, files ...string) environment {
	return environment{
		lookup: func(name string) (string, bool) {
			value, ok := variables[name]
			return value, ok
		},
		exists: func(path string) bool {
			for _, f := range files {
				if f == path {
					return true
				}
			}
			return false
		},
	}
}

func TestConfigURIs(t *testing.T) {
	both := map[string]string{configURIVar: "s3://bucket/x.yaml", configFileVar: "/var/task/old.yaml"}
	for name, tt := range map[string]struct {
		env        environment
		want       string
		wantAdvice string
	}{
		"nothing":         {environmentOf(nil), "rotel:env", "a b (check the ROTEL_* variables of the function)"},
		"empty":           {environmentOf(map[string]string{configURIVar: ""}), "rotel:env", "a b (check the ROTEL_* variables of the function)"},
		"another layer":   {environmentOf(nil, layerConfig), "file:/opt/collector-config/config.yaml", `a b (check "/opt/collector-config/config.yaml")`},
		"deprecated name": {environmentOf(map[string]string{configFileVar: "/x.yaml"}, layerConfig), "/x.yaml", `a b (check "/x.yaml")`},
		"named":           {environmentOf(both, layerConfig), "s3://bucket/x.yaml", "a b (check what OPENTELEMETRY_COLLECTOR_CONFIG_URI names)"},
		"inline":          {environmentOf(map[string]string{configURIVar: "yaml:secret"}), "yaml:secret", "a b (check what OPENTELEMETRY_COLLECTOR_CONFIG_URI names)"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{tt.want}, tt.env.configURIs())
			assert.Equal(t, tt.wantAdvice, tt.env.advice(errors.New("a\n  b")))
		})
	}
}

func TestMemory(t *testing.T) {
	for memory, want := range map[string]struct{ buffer, limit int64 }{
		"":      {8 * mib, 64 * mib},
		"128":   {8 * mib, 64 * mib},
		"512":   {32 * mib, 160 * mib},
		"10240": {64 * mib, 288 * mib},
		"lots":  {8 * mib, 64 * mib},
	} {
		env := environmentOf(map[string]string{memoryVar: memory})
		assert.Equal(t, want.buffer, env.bufferBytes(), "%q MB", memory)
		assert.Equal(t, want.limit, env.memoryLimit(), "%q MB", memory)
	}
}

func TestAdviceShowsNoURI(t *testing.T) {
	for _, uri := range []string{
		"https://user:secret@example.com/c.yaml?sig=secret",
		"receivers:\n  otlp:\n    secret",
		"exporters: { otlp_http: { headers: { authorization: secret } } }",
	} {
		env := environmentOf(map[string]string{configURIVar: uri})
		assert.NotContains(t, env.advice(fmt.Errorf("cannot read %s: no", uri)), "secret")
	}
}
