// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		"nothing":            {environmentOf(nil), "rotel:env", "a b (check the ROTEL_* variables of the function)"},
		"empty":              {environmentOf(map[string]string{configURIVar: ""}), "rotel:env", "a b (check the ROTEL_* variables of the function)"},
		"another layer":      {environmentOf(nil, layerConfig), "file:/opt/collector-config/config.yaml", `a b (check "file:/opt/collector-config/config.yaml")`},
		"deprecated name":    {environmentOf(map[string]string{configFileVar: "/x.yaml"}, layerConfig), "/x.yaml", `a b (check "/x.yaml")`},
		"named":              {environmentOf(both, layerConfig), "s3://bucket/x.yaml", `a b (check "s3://bucket/x.yaml")`},
		"deprecated, inline": {environmentOf(map[string]string{configFileVar: "yaml:secret"}), "yaml:secret", "a b (check the YAML in OPENTELEMETRY_COLLECTOR_CONFIG_FILE)"},
		"URL with secrets": {
			environmentOf(map[string]string{configURIVar: "https://user:pass@host/x.yaml?X-Amz-Signature=1"}),
			"https://user:pass@host/x.yaml?X-Amz-Signature=1", `a b (check "https://…@host/x.yaml?…")`,
		},
		"inline": {environmentOf(map[string]string{configURIVar: "yaml:secret"}), "yaml:secret", "a b (check the YAML in OPENTELEMETRY_COLLECTOR_CONFIG_URI)"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{tt.want}, tt.env.configURIs())
			assert.Equal(t, tt.wantAdvice, tt.env.advice(errors.New("a\n  b")))
		})
	}
}

func TestAdviceHidesSecrets(t *testing.T) {
	uri := "https://user:pass@host/x.yaml?X-Amz-Signature=1"
	env := environmentOf(map[string]string{configURIVar: uri})
	advice := env.advice(errors.New(`cannot get "` + uri + `": GET https://user:pass@host/x.yaml?X-Amz-Signature=1`))
	assert.Equal(t, `cannot get "https://…@host/x.yaml?…": GET https://…@host/x.yaml?… (check "https://…@host/x.yaml?…")`, advice)
}

func TestStrict(t *testing.T) {
	for value, want := range map[string]bool{"": false, "true": true, "1": true, "false": false, "maybe": false} {
		assert.Equal(t, want, environmentOf(map[string]string{strictVar: value}).strict(), "%q", value)
	}
}

func TestEnvFile(t *testing.T) {
	t.Setenv("ROTEL_TEST_A", "before")
	t.Setenv("ROTEL_TEST_B", "")
	file := filepath.Join(t.TempDir(), "rotel.env")
	env := environment{lookup: func(name string) (string, bool) {
		if name == envFileVar {
			return file, true
		}
		return os.LookupEnv(name)
	}}
	_, err := env.applyEnvFile()
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(file, []byte("ROTEL_TEST_B=$ROTEL_TEST_A-${ROTEL_NOWHERE}\nROTEL_TEST_A=after\n"), 0o600))
	warning, err := env.applyEnvFile()
	require.NoError(t, err)
	assert.Equal(t, `"ROTEL_ENV_FILE": "`+file+`" uses variables that are not set: ROTEL_NOWHERE`, warning)
	assert.Equal(t, "after", os.Getenv("ROTEL_TEST_A"), "the file counts more than the environment")
	assert.Equal(t, "before-", os.Getenv("ROTEL_TEST_B"))

	for text, want := range map[string]string{
		"ROTEL_TEST_B=a\nhush hush": `"ROTEL_ENV_FILE": "` + file + `": line 2: must be NAME=value`,
		"ROTEL_TEST_B=hush\x00":     `"ROTEL_ENV_FILE": "` + file + `": variable "ROTEL_TEST_B": setenv: invalid argument`,
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err = env.applyEnvFile()
		require.EqualError(t, err, want)
	}
	warning, err = environmentOf(nil).applyEnvFile()
	require.NoError(t, err)
	assert.Empty(t, warning)
}

// Every variable that only the layer has is on the page about configuration.
func TestEveryVariableIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	for _, name := range []string{configURIVar, configFileVar, strictVar, envFileVar, ownMetricsVar, "OPENTELEMETRY_EXTENSION_LOG_LEVEL"} {
		assert.Contains(t, string(page), "\n| `"+name+"` |", name)
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
		assert.NotContains(t, env.advice(fmt.Errorf("cannot read %q: no", uri)), "secret")
	}
}

func TestOwnMetrics(t *testing.T) {
	for value, want := range map[string]bool{"": true, "true": true, "false": false, "0": false, "off?": true} {
		assert.Equal(t, want, environmentOf(map[string]string{ownMetricsVar: value}).ownMetrics(), "%q", value)
	}
}
