// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// References to secrets that make up the ingestion key, and their ARNs.
const (
	jsonSecret   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:backend/json-AbCdEf"
	textSecret   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:backend/text-AbCdEf"
	parameter    = "arn:aws:ssm:us-east-1:123456789012:parameter/backend/key"
	headersVar   = "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS"
	threeSecrets = "authorization=${" + jsonSecret + "#auth}${" + textSecret + "}${" + parameter + ":3}"
)

// canary is in a secret of which nothing else is used.
const canary = "canary-7f3a"

// keyParts are in the secrets, in that order: together they are the token that the backend wants.
var keyParts = []string{token[:9], token[9:12], token[12:]}

// startAWS starts an endpoint that holds the secrets.
func startAWS(t *testing.T, fail func(fakeaws.Request) *fakeaws.Failure) *fakeaws.Server {
	t.Helper()
	aws := fakeaws.Start(fakeaws.Config{
		Secrets: map[string]any{
			jsonSecret: `{"auth":"` + keyParts[0] + `","whole":"` + token + `","other":"` + canary + `","list":"authorization=` + token + `,x-canary=` + canary + `"}`,
			textSecret: []byte(keyParts[1]),
		},
		Parameters: map[string]string{parameter + ":3": keyParts[2], parameter: token},
		Fail:       fail,
	})
	t.Cleanup(func() {
		aws.Close()
		assert.Empty(t, aws.Refused(), "requests that AWS would refuse")
	})
	return aws
}

// withAWS points a function at the endpoint.
func withAWS(aws *fakeaws.Server) func(*lambdaemulator.Config) {
	return env("AWS_ENDPOINT_URL", aws.URL, "AWS_ACCESS_KEY_ID", fakeaws.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY", fakeaws.SecretAccessKey, "AWS_SESSION_TOKEN", fakeaws.SessionToken)
}

// TestSecrets: secrets of two services arrive as headers at the backend, in one request for each service, and never
// in what the layer says.
func TestSecrets(t *testing.T) {
	const yaml = `
receivers: { otlp: { protocols: { http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' } } }, telemetryapi: { types: [function] } }
exporters: { otlp_http: { endpoint: '${BACKEND}', headers: { authorization: '%' } } }
service: { pipelines: { logs: { receivers: [otlp, telemetryapi], exporters: [otlp_http] }, traces: { receivers: [otlp], exporters: [otlp_http] } } }
`
	for name, tt := range map[string]struct {
		yaml     string
		env      []string
		requests int
	}{
		"three in two services":       {"", []string{headersVar, threeSecrets}, 2},
		"secret://":                   {"", []string{headersVar, "authorization=secret://" + jsonSecret + "#/whole"}, 1},
		"one twice":                   {"", []string{headersVar, "authorization=secret://" + parameter + ",x-key=${" + parameter + "}"}, 1},
		"in YAML":                     {"${" + jsonSecret + "#whole}", nil, 1},
		"secret:// in YAML":           {"secret://" + jsonSecret + "#whole", nil, 1},
		"in YAML by way of variables": {"${env:A}${B}${env:C}", []string{"A", "${" + jsonSecret + "#auth}", "B", "secret://" + textSecret, "C", "${" + parameter + ":3}"}, 2},
		"a whole list":                {"", []string{headersVar, "${" + jsonSecret + "#list}"}, 1},
		"a whole list, secret://":     {"", []string{headersVar, "secret://" + jsonSecret + "#list", "ROTEL_OTEL_RESOURCE_ATTRIBUTES", "${" + jsonSecret + "#list}"}, 1},
		"none":                        {"", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t, nil)
			configure := []func(*lambdaemulator.Config){withAWS(aws), env(tt.env...), env("OPENTELEMETRY_EXTENSION_LOG_LEVEL", "debug")}
			if tt.yaml != "" {
				configure = append(configure, withYAML(t, strings.Replace(yaml, "%", tt.yaml, 1)),
					func(cfg *lambdaemulator.Config) { cfg.Env["BACKEND"] = cfg.Env["ROTEL_OTLP_EXPORTER_ENDPOINT"] })
			}
			w := start(t, configure...)
			w.run(step{"log": "hello"}, step{"spans": 1, "name": "work"})
			w.run(step{"log": "again"})
			w.end()
			w.requireAllArrived()
			assert.Len(t, aws.Requests(), tt.requests)
			w.requireSilence()
		})
	}
}

// TestSecretFails: whatever is wrong with a secret, the function runs as if we were not there, the runtime starts
// without waiting, INIT takes a bounded time, and one line names the secret, the cause and who uses it (trap 25).
func TestSecretFails(t *testing.T) {
	fail := func(f fakeaws.Failure) func(fakeaws.Request) *fakeaws.Failure {
		return func(fakeaws.Request) *fakeaws.Failure { return &f }
	}
	for name, tt := range map[string]struct {
		headers string
		fail    func(fakeaws.Request) *fakeaws.Failure
		want    []string
		within  time.Duration
	}{
		"denied": {threeSecrets, fail(fakeaws.Failure{Status: 400, Code: "AccessDeniedException"}),
			[]string{jsonSecret, "denied", "secretsmanager:GetSecretValue", "ssm:GetParameters"}, time.Second},
		"absent":      {"authorization=${" + parameter + ":9}", nil, []string{parameter + ":9", "not found"}, time.Second},
		"key absent":  {"authorization=${" + jsonSecret + "#absent}", nil, []string{jsonSecret, `no key "absent"`}, time.Second},
		"throttled":   {threeSecrets, fail(fakeaws.Failure{Status: 400, Code: "ThrottlingException"}), []string{textSecret, "throttled"}, 3 * time.Second},
		"black hole":  {threeSecrets, fail(fakeaws.Failure{Hang: true}), []string{parameter, "timed out", "VPC endpoint"}, 3 * time.Second},
		"invalid ARN": {"authorization=${arn:aws:s3:::bucket}", nil, []string{"arn:aws:s3:::bucket", "secretsmanager or ssm"}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t, tt.fail)
			w := start(t, withAWS(aws), env(headersVar, tt.headers))
			inv := w.run(step{"log": "unharmed"}, step{"spans": 1, "name": "work"})
			assert.Less(t, inv.Overrun(), 500*time.Millisecond)
			assert.Empty(t, w.replyOf(inv).ExportError, "the SDK is not left waiting")
			init := w.timeline(lambdaemulator.KindInitDone)
			require.NotEmpty(t, init)
			assert.Less(t, init[0].Duration, tt.within)
			registered, ready := w.timeline(lambdaemulator.KindExtensionRegistered), w.timeline(lambdaemulator.KindRuntimeReady)
			assert.Less(t, ready[0].Time.Sub(registered[0].Time), time.Second, "the runtime does not wait for secrets")
			line := w.oneLine()
			for _, part := range append(tt.want, "ERROR", "ROTEL_* variables") {
				assert.Contains(t, line, part)
			}
			w.requireSilence()
			w.end()
		})
	}
}

// TestSecretHeals: a secret that could not be had for a while is had later, without a redeploy, and the function's SDK
// never waits.
func TestSecretHeals(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	aws := startAWS(t, func(fakeaws.Request) *fakeaws.Failure {
		if broken.Load() {
			return &fakeaws.Failure{Status: http.StatusServiceUnavailable}
		}
		return nil
	})
	w := start(t, withAWS(aws), env(headersVar, threeSecrets))
	w.run(step{"log": "lost"})
	broken.Store(false)
	require.Eventually(t, func() bool {
		inv := w.run(step{"spans": 1, "name": "work"}, step{"sleep_ms": 300})
		assert.Empty(t, w.replyOf(inv).ExportError)
		return w.backend.Counts().Spans > 0
	}, 20*time.Second, 10*time.Millisecond)
	w.run(step{"log": "flows"})
	assert.Equal(t, 1, w.arrivedLines()["flows"])
	w.requireSilence()
	w.end()
}

// TestSecretComesInAFreeze: the secrets take longer than an invocation, and the freezes in between longer than anybody
// would wait for them.
func TestSecretComesInAFreeze(t *testing.T) {
	var well atomic.Bool
	aws := startAWS(t, func(fakeaws.Request) *fakeaws.Failure {
		if !well.Load() {
			return &fakeaws.Failure{Status: http.StatusServiceUnavailable}
		}
		time.Sleep(500 * time.Millisecond)
		return nil
	})
	w := start(t, withAWS(aws), env(headersVar, threeSecrets))
	w.run(step{"log": "lost"})
	well.Store(true)
	w.healBetweenFreezes()
	w.end()
}

// TestSecretsOnTheCommandLine: print-config shows the references and asks nobody for secrets; validate resolves them,
// and says what is wrong without showing any.
func TestSecretsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	aws := startAWS(t, nil)
	run := func(args ...string) string {
		cmd := exec.Command(filepath.Join(built.layer, "otelcol-lambda", "collector"), args...)
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+aws.URL, "AWS_ACCESS_KEY_ID="+fakeaws.AccessKeyID,
			"AWS_SECRET_ACCESS_KEY="+fakeaws.SecretAccessKey, "AWS_SESSION_TOKEN="+fakeaws.SessionToken,
			"ROTEL_OTLP_EXPORTER_ENDPOINT=http://backend.example:4318/?key=${"+parameter+"}", "ROTEL_OTLP_EXPORTER_PROTOCOL=http", "ROTEL_OTEL_RESOURCE_ATTRIBUTES=key=secret://"+parameter,
			headersVar+"="+threeSecrets)
		out, _ := cmd.CombinedOutput() // what it says is what counts
		requireNoSecrets(t, string(out))
		return string(out)
	}
	printed := run("print-config")
	assert.Contains(t, printed, "${"+parameter+"}")
	assert.Contains(t, printed, "[REDACTED]")
	assert.Contains(t, run("print-config", "--mode=unredacted"), "${"+jsonSecret+"#auth}")
	assert.Empty(t, aws.Requests())

	assert.Empty(t, run("validate"))
	assert.Len(t, aws.Requests(), 2)
	assert.Contains(t, run("validate", "--config", "yaml:exporters: {otlp_http: {endpoint: '${"+parameter+"}://x y', timeout: '${"+parameter+"}', tls: {min_version: '${"+parameter+"}'}}}"), "Error:")
}

// requireSilence requires that nothing the layer has said or sent shows a secret.
func (w *world) requireSilence() {
	w.t.Helper()
	requireNoSecrets(w.t, strings.Join(w.extensionLines(), "\n"))
	for _, r := range w.backend.Logs() {
		requireNoSecrets(w.t, r.Body)
	}
}

func requireNoSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{token, rotated, keyParts[0], canary, fakeaws.SecretAccessKey, fakeaws.SessionToken} {
		assert.NotContains(t, text, secret)
	}
}
