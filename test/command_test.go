// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backendVars are what the files of ../config ask for.
var backendVars = []string{
	"CLICKSTACK_ENDPOINT=https://clickstack.example.com:4318", "CLICKSTACK_INGESTION_KEY=hush-hush",
	"GATEWAY_ENDPOINT=gateway.internal:4317", "GATEWAY_USER=me", "GATEWAY_PASSWORD=hush-hush",
	"CLICKHOUSE_ENDPOINT=https://clickhouse.example.com:8443", "CLICKHOUSE_USER=me", "CLICKHOUSE_PASSWORD=hush-hush",
	"CLOUDWATCH_LOG_GROUP=group", "CLOUDWATCH_LOG_STREAM=stream", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=hush-hush",
}

// Exit codes of the collector's command.
const (
	exitDone    = 0
	exitInvalid = 1
	exitUsage   = 2
)

// command runs the collector as users do on their machines, with the given variables alone, and returns what it said.
func command(t *testing.T, layer string, vars []string, args ...string) (said string, exit int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(layer, "otelcol-lambda", "collector"), args...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, vars...)
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestCommandLine: --help is worth reading; what is wrong is one line that says what to do.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	for args, tt := range map[string]struct {
		exit int
		says string // a part of it
	}{
		"--help":                          {exitDone, "otelcol-lambda validate --config collector.yaml"},
		"validate --help":                 {exitDone, "EXIT CODE\n"},
		"print-config --help":             {exitDone, "EXIT CODE\n"},
		"components":                      {exitDone, "name: telemetryapi"},
		"validate":                        {exitDone, ""},
		"validate --config /nowhere.yaml": {exitInvalid, `(check "/nowhere.yaml")`},
		"--config /nowhere.yaml":          {exitInvalid, "/nowhere.yaml"},
		"print-config --config yaml:x":    {exitInvalid, ""},
		"--what":                          {exitUsage, "unknown flag: --what (see --help)"},
		"wat":                             {exitUsage, `unknown command "wat"`},
		"validat":                         {exitUsage, "validate"},
		"validate --what":                 {exitUsage, "unknown flag: --what (see --help)"},
		"validate extra":                  {exitUsage, "(see --help)"},
		"validate --config":               {exitUsage, "--config"},
		"print-config --set x":            {exitUsage, "--set"},
	} {
		said, exit := command(t, built.layer, nil, strings.Fields(args)...)
		assert.Equal(t, tt.exit, exit, "%s: %s", args, said)
		assert.Contains(t, said, tt.says, args)
		if exit != exitDone {
			assert.Equal(t, 1, strings.Count(said, "\n"), "one line: %s: %s", args, said)
		}
	}
}

// TestValidate: what is wrong is said before the deployment, in the words of the layer's log.
func TestValidate(t *testing.T) {
	for name, tt := range brokenConfigurations {
		if name == "cannot start" { // valid, but for the machine
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars, args := []string{}, []string{"validate"}
			for i := 0; i < len(tt.env); i += 2 {
				vars = append(vars, tt.env[i]+"="+tt.env[i+1])
			}
			if tt.yaml != "" {
				args = append(args, "--config", file(t, "collector.yaml", tt.yaml))
			}
			said, exit := command(t, built.layer, append([]string{
				"ROTEL_OTLP_EXPORTER_ENDPOINT=http://localhost:4318", "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=authorization=" + token,
			}, vars...), args...)
			assert.Equal(t, exitInvalid, exit)
			for _, part := range tt.want {
				if part != "ERROR" {
					assert.Contains(t, said, part)
				}
			}
			assert.NotContains(t, said, token)
		})
	}
}

// TestFilesValidate: the files to start from are valid as they are.
func TestFilesValidate(t *testing.T) {
	t.Parallel()
	requireValid(t, built.layer, "../config/*.yaml")
}

func requireValid(t *testing.T, layer, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		said, exit := command(t, layer, backendVars, "validate", "--config", path)
		assert.Equal(t, exitDone, exit, "%s: %s", path, said)
		assert.Empty(t, said, path)
	}
}

// TestPrintConfig: the YAML of a file, or of variables, with the secrets masked: also that of the variables of the
// environment, and of headers.
func TestPrintConfig(t *testing.T) {
	t.Parallel()
	printed, exit := command(t, built.layer, backendVars, "print-config", "--config", "../config/backends.yaml")
	require.Equal(t, exitDone, exit, printed)
	assert.Contains(t, printed, "https://clickstack.example.com:4318")
	assert.Contains(t, printed, "[REDACTED]")
	assert.Contains(t, printed, "lambda_lifecycle", "what the layer adds is shown")

	variables, exit := command(t, built.layer, []string{
		"ROTEL_OTLP_EXPORTER_ENDPOINT=https://api.example.com", "ROTEL_OTLP_EXPORTER_PROTOCOL=http",
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=authorization=hush-hush",
		"ROTEL_OTLP_EXPORTER_TLS_KEY_PEM=hush-hush", "ROTEL_OTLP_EXPORTER_TLS_CERT_PEM=cert",
	}, "print-config")
	require.Equal(t, exitDone, exit, variables)
	assert.Contains(t, variables, "endpoint: https://api.example.com")
	for _, text := range []string{printed, variables} {
		assert.NotContains(t, text, "hush")
		assert.False(t, strings.Contains(text, "bWU6aHVzaC1odXNo"), "nor the encoded credentials")
	}
}
