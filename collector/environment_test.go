// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
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
		"another layer":   {environmentOf(nil, layerConfig), "file:/opt/collector-config/config.yaml", `a b (check "file:/opt/collector-config/config.yaml")`},
		"deprecated name": {environmentOf(map[string]string{configFileVar: "/x.yaml"}, layerConfig), "/x.yaml", `a b (check "/x.yaml")`},
		"named":           {environmentOf(both, layerConfig), "s3://bucket/x.yaml", `a b (check "s3://bucket/x.yaml")`},
		"inline":          {environmentOf(map[string]string{configURIVar: "yaml:secret"}), "yaml:secret", "a b (check the YAML in OPENTELEMETRY_COLLECTOR_CONFIG_URI)"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{tt.want}, tt.env.configURIs())
			assert.Equal(t, tt.wantAdvice, tt.env.advice(errors.New("a\n  b")))
		})
	}
}

func TestMemory(t *testing.T) {
	for memory, want := range map[string]struct{ buffer, limit int64 }{
		"":      {16 * mib, 64 * mib},
		"128":   {16 * mib, 64 * mib},
		"512":   {64 * mib, 160 * mib},
		"10240": {128 * mib, 288 * mib},
		"lots":  {16 * mib, 64 * mib},
	} {
		env := environmentOf(map[string]string{memoryVar: memory})
		assert.Equal(t, want.buffer, env.bufferBytes(), "%q MB", memory)
		assert.Equal(t, want.limit, env.memoryLimit(), "%q MB", memory)
	}
}
