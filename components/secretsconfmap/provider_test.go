// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
)

// newTestProvider returns a provider that asks the given endpoint.
func newTestProvider(t *testing.T, cfg fakeaws.Config) (*provider, *fakeaws.Server) {
	t.Helper()
	aws := fakeaws.Start(cfg)
	t.Cleanup(func() {
		aws.Close()
		assert.Empty(t, aws.Refused(), "requests that AWS would refuse")
	})
	return newProvider(getenv("AWS_ENDPOINT_URL", aws.URL, accessKeyVar, fakeaws.AccessKeyID,
		secretKeyVar, fakeaws.SecretAccessKey, sessionVar, fakeaws.SessionToken)), aws
}

// get retrieves a reference and undoes the doubling of dollar signs.
func get(t *testing.T, p *provider, uri string) (string, error) {
	t.Helper()
	retrieved, err := p.Retrieve(t.Context(), uri, nil)
	if err != nil {
		return "", err
	}
	text, err := retrieved.AsString()
	require.NoError(t, err)
	return strings.ReplaceAll(text, "$$", "$"), nil
}

// resolve resolves a YAML configuration with a real resolver.
func resolve(t *testing.T, p confmap.Provider, yaml string) (map[string]any, error) {
	t.Helper()
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: []string{"yaml:" + yaml},
		ProviderFactories: []confmap.ProviderFactory{
			yamlprovider.NewFactory(),
			confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return p }),
		},
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	if err != nil {
		return nil, err
	}
	require.NoError(t, resolver.Shutdown(t.Context()))
	return conf.ToStringMap(), nil
}

func TestScheme(t *testing.T) {
	p := NewFactory().Create(confmap.ProviderSettings{})
	require.NoError(t, confmaptest.ValidateProviderScheme(p))
	_, err := p.Retrieve(t.Context(), "arn:nothing", nil)
	assert.ErrorContains(t, err, `invalid reference "arn:nothing"`)
	assert.NoError(t, p.Shutdown(t.Context()))
	assert.NoError(t, p.Shutdown(t.Context()))
}

// TestValuesSurvive: whatever a secret holds arrives unchanged, as a whole value and inside of one.
func TestValuesSurvive(t *testing.T) {
	for _, value := range []string{
		"plain", "a$b", "$", "$$", "${env:HOME}", "$${x}", "${" + secretARN + "}", "pa$$word}", "{", "}", "${",
		"two\nlines\n", "- a: [b, *c, !d]", "0123", "true", "null", "~", "'\"`", "\xff\x00\x80", "", " ", "a: b # c", "%s%d",
	} {
		p, _ := newTestProvider(t, fakeaws.Config{Secrets: map[string]any{secretARN: []byte(value)}, Parameters: map[string]string{}})
		conf, err := resolve(t, p, "{whole: '${"+secretARN+"}', inside: 'a ${"+secretARN+"} b ${"+secretARN+"}', list: ['${"+secretARN+"}']}")
		require.NoError(t, err, "%q", value)
		assert.Equal(t, value, conf["whole"])
		assert.Equal(t, "a "+value+" b "+value, conf["inside"])
		assert.Equal(t, []any{value}, conf["list"])
	}
}

func TestKinds(t *testing.T) {
	p, aws := newTestProvider(t, fakeaws.Config{
		Secrets: map[string]any{
			secretARN: `{"key":"from JSON","port":4318}`,
			"arn:aws:secretsmanager:eu-west-1:123456789012:secret:binary-AbCdEf": []byte{1, 2, 255},
		},
		Parameters: map[string]string{parameterARN: "newest", parameterARN + ":3": "third", parameterARN + ":prod": `{"on":true}`},
	})
	want := map[string]string{
		secretARN + "#key":                       "from JSON",
		strings.TrimSuffix(secretARN, "-AbCdEf"): `{"key":"from JSON","port":4318}`,
		secretARN + "#port":                      "4318",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:binary-AbCdEf": "\x01\x02\xff",
		parameterARN: "newest", parameterARN + ":3": "third", parameterARN + ":prod#on": "true",
	}
	for uri := range want {
		p.Expect(uri, "here")
	}
	for uri, value := range want {
		got, err := get(t, p, uri)
		require.NoError(t, err, uri)
		assert.Equal(t, value, got, uri)
	}
	assert.Len(t, aws.Requests(), 3, "a batch of secrets, a secret of another region, a batch of parameters")
}

// TestBatches: as few requests as the services allow, and none before they are needed.
func TestBatches(t *testing.T) {
	cfg := fakeaws.Config{Secrets: map[string]any{}, Parameters: map[string]string{}}
	var uris []string
	for i := range 45 {
		arn := fmt.Sprintf("arn:aws:secretsmanager:us-east-1:123456789012:secret:s%d-AbCdEf", i)
		cfg.Secrets[arn] = `{"a":"` + strconv.Itoa(i) + `","b":"x"}`
		parameter := fmt.Sprintf("arn:aws:ssm:eu-west-1:123456789012:parameter/p%d", i)
		cfg.Parameters[parameter] = "p"
		uris = append(uris, arn+"#a", arn+"#b", arn, parameter)
	}
	p, aws := newTestProvider(t, cfg)
	for _, uri := range uris {
		p.Expect(uri, "here")
	}
	assert.Empty(t, aws.Requests())
	for _, uri := range uris {
		_, err := get(t, p, uri)
		require.NoError(t, err)
	}
	actions := map[string]int{}
	for _, r := range aws.Requests() {
		actions[r.Action+" "+r.Region]++
	}
	assert.Equal(t, map[string]int{"BatchGetSecretValue us-east-1": 3, "GetParameters eu-west-1": 5}, actions)

	// What nobody announced costs a request of its own, once.
	p, aws = newTestProvider(t, cfg)
	for range 2 {
		_, err := get(t, p, uris[0])
		require.NoError(t, err)
	}
	_, err := get(t, p, uris[4])
	require.NoError(t, err)
	assert.Len(t, aws.Requests(), 2)
}

// TestOneByOne: what a batch is refused for as a whole is asked for one by one.
func TestOneByOne(t *testing.T) {
	other := "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf"
	p, aws := newTestProvider(t, fakeaws.Config{
		Secrets:    map[string]any{secretARN: "one", other: "two"},
		Parameters: map[string]string{parameterARN: "three", parameterARN + "2": "four"},
		Fail: func(r fakeaws.Request) *fakeaws.Failure {
			if r.Action == "BatchGetSecretValue" || len(r.IDs) > 1 || r.IDs[0] == parameterARN+"2" {
				return &fakeaws.Failure{Status: 400, Code: codeDenied, Message: "User is not authorized"}
			}
			return nil
		},
	})
	for _, uri := range []string{secretARN, other, parameterARN, parameterARN + "2"} {
		p.Expect(uri, "here")
	}
	for uri, want := range map[string]string{secretARN: "one", other: "two", parameterARN: "three"} {
		got, err := get(t, p, uri)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.Len(t, aws.Requests(), 6)
	_, err := get(t, p, parameterARN+"2")
	assert.ErrorContains(t, err, "denied")
}

// TestErrorsOfABatch are for one secret each, and are not asked for again.
func TestErrorsOfABatch(t *testing.T) {
	other, third := strings.Replace(secretARN, "app", "other", 1), strings.Replace(secretARN, "app", "third", 1)
	p, aws := newTestProvider(t, fakeaws.Config{
		Secrets: map[string]any{secretARN: "one", other: "two", third: "three"},
		Fail: func(fakeaws.Request) *fakeaws.Failure {
			return &fakeaws.Failure{Each: map[string]string{other: codeDecryption, third: "InternalServiceError"}}
		},
	})
	for _, uri := range []string{secretARN, other, third} {
		p.Expect(uri, "here")
	}
	got, err := get(t, p, secretARN)
	require.NoError(t, err)
	assert.Equal(t, "one", got)
	_, err = get(t, p, other)
	require.ErrorContains(t, err, "kms:Decrypt")
	require.ErrorContains(t, err, third)
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Temporary(), "one of them is")
	assert.Len(t, aws.Requests(), 1)
}

func TestErrors(t *testing.T) {
	fail := func(status int, code, message string) func(fakeaws.Request) *fakeaws.Failure {
		return func(fakeaws.Request) *fakeaws.Failure {
			return &fakeaws.Failure{Status: status, Code: code, Message: message}
		}
	}
	for name, tt := range map[string]struct {
		uri       string
		fail      func(fakeaws.Request) *fakeaws.Failure
		want      []string
		temporary bool
	}{
		"secret absent":    {uri: secretARN + "x", want: []string{"not found"}},
		"parameter absent": {uri: parameterARN + ":9", want: []string{"not found"}},
		"key absent":       {uri: secretARN + "#nokey", want: []string{`no key "nokey"`}},
		"secret denied": {uri: secretARN, fail: fail(400, codeDenied, "User is not\n authorized"),
			want: []string{"denied", "secretsmanager:GetSecretValue", "User is not authorized"}},
		"parameter denied": {uri: parameterARN, fail: fail(400, codeDenied, ""), want: []string{"denied", "ssm:GetParameters"}},
		"key of KMS denied": {uri: secretARN, fail: fail(400, codeDenied, "Access to KMS is not allowed"),
			want: []string{"decrypted", "kms:Decrypt"}},
		"decryption":          {uri: secretARN, fail: fail(400, codeDecryption, "no key"), want: []string{"decrypted", "kms:Decrypt"}},
		"to be deleted":       {uri: secretARN, fail: fail(400, "InvalidRequestException", "marked for deletion"), want: []string{"marked for deletion"}},
		"credentials expired": {uri: secretARN, fail: fail(400, "ExpiredTokenException", "expired"), want: []string{"credentials are not accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := newTestProvider(t, fakeaws.Config{
				Secrets: map[string]any{secretARN: `{"key":"hunter2"}`}, Parameters: map[string]string{parameterARN: "hunter2"}, Fail: tt.fail,
			})
			p.Expect(tt.uri, "exporters::otlp::headers::authorization")
			_, err := get(t, p, tt.uri)
			id, _, _ := strings.Cut(tt.uri, "#")
			for _, part := range append(tt.want, strconv.Quote(id), "(for exporters::otlp::headers::authorization)") {
				require.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "hunter2")
			assert.NotContains(t, err.Error(), "\n")
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.False(t, e.Temporary())
			assert.Empty(t, p.outcomes, "nothing is kept of a failed resolution")
		})
	}
}

// TestRetry: what may pass is tried again.
func TestRetry(t *testing.T) {
	attempts := 0
	p, aws := newTestProvider(t, fakeaws.Config{
		Secrets: map[string]any{secretARN: "value"},
		Fail: func(fakeaws.Request) *fakeaws.Failure {
			if attempts++; attempts < 3 {
				return []*fakeaws.Failure{{Status: 400, Code: "ThrottlingException"}, {Status: 503}}[attempts-1]
			}
			return nil
		},
	})
	got, err := get(t, p, secretARN)
	require.NoError(t, err)
	assert.Equal(t, "value", got)
	assert.Len(t, aws.Requests(), 3)
}

// transportFunc answers without a network, so that time can be fake.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBound: throttled or without an answer, nothing takes longer than fetchTimeout.
func TestBound(t *testing.T) {
	throttled := func(*http.Request) (*http.Response, error) {
		r := httptest.NewRecorder()
		r.WriteHeader(http.StatusTooManyRequests)
		return r.Result(), nil
	}
	hanging := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tt := range map[string]struct {
		transport transportFunc
		want      string
	}{
		"throttled": {throttled, "throttled for 1.5s"}, "hanging": {hanging, "VPC endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), fetchTimeout)
				defer cancel()
				c := newClient(ctx, getenv(accessKeyVar, "a", secretKeyVar, "b"))
				c.http.Transport = tt.transport
				begin := time.Now()
				var secrets []secret
				for i := range 40 {
					ref, err := parseReference(secretARN + strconv.Itoa(i))
					require.NoError(t, err)
					secrets = append(secrets, ref.secret)
				}
				outcomes := c.fetch(ctx, secrets)
				assert.LessOrEqual(t, time.Since(begin), fetchTimeout)
				assert.Len(t, outcomes, 40)
				for _, o := range outcomes {
					require.ErrorContains(t, o.err, tt.want)
					assert.True(t, isTemporary(o.err))
				}
			})
		})
	}
}

// TestReload: the configuration is resolved again with the values of then.
func TestReload(t *testing.T) {
	p, aws := newTestProvider(t, fakeaws.Config{Secrets: map[string]any{secretARN: ""}})
	for _, value := range []string{"old", "new"} {
		aws.Rotate(secretARN, value)
		retrieved, err := p.Retrieve(t.Context(), secretARN, nil)
		require.NoError(t, err)
		text, err := retrieved.AsString()
		require.NoError(t, err)
		assert.Equal(t, value, text)
		require.NoError(t, retrieved.Close(t.Context()))
	}
	assert.Len(t, aws.Requests(), 2)
}
