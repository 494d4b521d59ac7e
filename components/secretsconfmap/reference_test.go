// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secretARN    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/key-AbCdEf"
	parameterARN = "arn:aws:ssm:us-east-1:123456789012:parameter/app/key"
)

func TestParseReference(t *testing.T) {
	for uri, want := range map[string]reference{
		secretARN:                        {secret{target{"secretsmanager", "aws", "us-east-1"}, secretARN}, ""},
		secretARN + "#api.key":           {secret{target{"secretsmanager", "aws", "us-east-1"}, secretARN}, "api.key"},
		secretARN + "#/a/b":              {secret{target{"secretsmanager", "aws", "us-east-1"}, secretARN}, "/a/b"},
		parameterARN:                     {secret{target{"ssm", "aws", "us-east-1"}, parameterARN}, ""},
		parameterARN + ":3":              {secret{target{"ssm", "aws", "us-east-1"}, parameterARN + ":3"}, ""},
		parameterARN + ":prod#user:name": {secret{target{"ssm", "aws", "us-east-1"}, parameterARN + ":prod"}, "user:name"},
		"arn:aws-cn:ssm:cn-north-1:123456789012:parameter/x": {
			secret{target{"ssm", "aws-cn", "cn-north-1"}, "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/x"}, ""},
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1-AbCdEf": {
			secret{target{"secretsmanager", "aws", "eu-west-1"}, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1-AbCdEf"}, ""},
	} {
		got, err := parseReference(uri)
		require.NoError(t, err, uri)
		assert.Equal(t, want, got, uri)
	}
	for uri, want := range map[string]string{
		"arn:":           "no ARN",
		"arn:aws:s3:::b": `service "s3"`,
		"arn:aws-iso:ssm:us-iso-east-1:123456789012:parameter/x": `partition "aws-iso"`,
		"arn:aws:ssm:evil.example/?:123456789012:parameter/x":    "no region",
		"arn:aws:ssm::123456789012:parameter/x":                  "no region",
		"arn:aws:ssm:us-east-1:12345:parameter/x":                "12 digits",
		"arn:aws:ssm:us-east-1:123456789012:document/x":          "no parameter",
		parameterARN + ":":        "no parameter",
		parameterARN + ":1:2":     "no parameter",
		secretARN + ":password::": "no secret",
		secretARN + "#":           "key after # is empty",
		"arn:aws:lambda:us-east-1:123456789012:function:x":                `service "lambda"`,
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:a b":        "no secret",
		"arn:aws:secretsmanager:us-east-1:123456789012:parameter/app/key": "no secret",
	} {
		_, err := parseReference(uri)
		assert.ErrorContains(t, err, want, uri)
	}
}

func TestLookUp(t *testing.T) {
	const value = `{"plain":"a$b","port":8443,"big":12345678901234567890.10,"on":true,"nothing":null,
		"a.b":"dotted","/x":"slashed","backends":[{"api key":"first"},{"k~/":"second"}],"":"empty","50%":"percent"}`
	for key, want := range map[string]string{
		"plain": "a$b", "port": "8443", "big": "12345678901234567890.10", "on": "true", "a.b": "dotted", "50%": "percent",
		"/~1x": "slashed", "/backends/0/api%20key": "first", "/backends/1/k~0~1": "second", "/": "empty", "/50%25": "percent",
	} {
		got, err := reference{key: key}.lookUp(value)
		require.NoError(t, err, key)
		assert.Equal(t, want, got, key)
	}
	for key, want := range map[string]string{
		"absent": `no key "absent"`, "nothing": "null", "backends": "an object or an array",
		"/backends/2": `no key "2"`, "/backends/01": `no key "01"`, "/backends/x": `no key "x"`, "/plain/x": `no key "x"`, "/50%": "%25",
	} {
		_, err := reference{key: key}.lookUp(value)
		require.ErrorContains(t, err, want, key)
		assert.NotContains(t, err.Error(), "first", key)
	}
	for _, value := range []string{"hunter2", `{"a":1} {"b":2}`, "", `{"a":`} {
		_, err := reference{key: "a"}.lookUp(value)
		require.ErrorContains(t, err, "not JSON", value)
	}
	whole, err := reference{}.lookUp("hunter2\n")
	require.NoError(t, err)
	assert.Equal(t, "hunter2\n", whole)
}

func FuzzParseReference(f *testing.F) {
	for _, seed := range []string{secretARN, secretARN + "#/a/0/b%20c", parameterARN + ":3#k", "arn:aws:ssm:x", "arn::::::#"} {
		f.Add(seed, `{"a":[{"b c":1}]}`)
	}
	f.Fuzz(func(t *testing.T, uri, value string) {
		ref, err := parseReference(uri)
		if err != nil {
			return
		}
		whole := ref.id
		if ref.key != "" {
			whole += "#" + ref.key
		}
		if whole != uri {
			t.Errorf("%q became %q", uri, whole)
		}
		address, err := endpoint(func(string) string { return "" }, ref.target)
		if err != nil || !isHostURL(address) {
			t.Errorf("%q goes to %q: %v", uri, address, err)
		}
		_, _ = ref.lookUp(value)
	})
}
