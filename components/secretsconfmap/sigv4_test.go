// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// isHostURL tells whether a URL is nothing but an AWS host.
func isHostURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Path == "/" && u.RawQuery == "" && u.User == nil && u.Port() == "" &&
		(strings.HasSuffix(u.Host, ".amazonaws.com") || strings.HasSuffix(u.Host, ".amazonaws.com.cn") || strings.HasSuffix(u.Host, ".amazonaws.eu"))
}

func getenv(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestEndpoint(t *testing.T) {
	const fips, dual = "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"
	for _, tt := range []struct {
		service, partition, region string
		env                        []string
		want                       string
	}{
		{secretsManager, "aws", "us-east-1", nil, "https://secretsmanager.us-east-1.amazonaws.com/"},
		{secretsManager, "aws-cn", "cn-north-1", nil, "https://secretsmanager.cn-north-1.amazonaws.com.cn/"},
		{secretsManager, "aws-us-gov", "us-gov-west-1", nil, "https://secretsmanager.us-gov-west-1.amazonaws.com/"},
		{ssm, "aws-eusc", "eusc-de-east-1", nil, "https://ssm.eusc-de-east-1.amazonaws.eu/"},
		{secretsManager, "aws", "us-east-1", []string{fips, "true"}, "https://secretsmanager-fips.us-east-1.amazonaws.com/"},
		{ssm, "aws", "us-east-1", []string{fips, "TRUE", dual, "false"}, "https://ssm-fips.us-east-1.amazonaws.com/"},
		{ssm, "aws-us-gov", "us-gov-east-1", []string{fips, "true"}, "https://ssm.us-gov-east-1.amazonaws.com/"},
		{ssm, "aws-us-gov", "us-gov-east-1", []string{fips, "true", dual, "true"}, "https://ssm-fips.us-gov-east-1.api.aws/"},
		{secretsManager, "aws", "eu-west-1", []string{dual, "true"}, "https://secretsmanager.eu-west-1.api.aws/"},
		{ssm, "aws-cn", "cn-north-1", []string{dual, "true"}, "https://ssm.cn-north-1.api.amazonwebservices.com.cn/"},
		{ssm, "aws-eusc", "eusc-de-east-1", []string{dual, "true"}, "https://ssm.eusc-de-east-1.api.amazonwebservices.eu/"},
		{ssm, "aws", "us-east-1", []string{"AWS_ENDPOINT_URL", "http://localhost:4566"}, "http://localhost:4566"},
		{ssm, "aws", "us-east-1", []string{"AWS_ENDPOINT_URL", "http://localhost:4566", "AWS_ENDPOINT_URL_SSM", "https://vpce.example"}, "https://vpce.example"},
		{secretsManager, "aws", "us-east-1", []string{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://vpce.example", "AWS_ENDPOINT_URL_SSM", "https://other"}, "https://vpce.example"},
	} {
		got, err := endpoint(getenv(tt.env...), target{tt.service, tt.partition, tt.region})
		require.NoError(t, err)
		assert.Equal(t, tt.want, got)
	}
	_, err := endpoint(getenv("AWS_ENDPOINT_URL", "localhost:4566"), target{ssm, "aws", "us-east-1"})
	assert.ErrorContains(t, err, "AWS_ENDPOINT_URL")
}

// TestSign compares with a signature that the signer of the AWS SDK for Go (v1.46.0) made of the same request.
func TestSign(t *testing.T) {
	const body = `{"Names":["/a"],"WithDecryption":true}`
	for token, want := range map[string]string{
		"":      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ssm/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=325354871ed6f345b1bb5d4c71916ca4b02f05d83ea9f63a4cc9ca24d8ea7894",
		"token": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ssm/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=22bd9a66cf744dc93a6350a37a36425ca1f8a68fb55a3c9b3956870c1705f102",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ssm.us-east-1.amazonaws.com/", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "AmazonSSM.GetParameters")
		c := credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token}
		c.sign(req, []byte(body), target{ssm, "aws", "us-east-1"}, time.Unix(1440938160, 0))
		assert.Equal(t, want, req.Header.Get("Authorization"))
	}
}
