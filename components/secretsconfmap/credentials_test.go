// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
)

// TestContainerCredentials: with SnapStart the credentials come from an endpoint, which is asked each time.
func TestContainerCredentials(t *testing.T) {
	requests := 0
	body, status := `{"AccessKeyId":"`+fakeaws.AccessKeyID+`","SecretAccessKey":"`+fakeaws.SecretAccessKey+
		`","Token":"`+fakeaws.SessionToken+`","Expiration":"2026-01-01T00:00:00Z"}`, http.StatusOK
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		assert.Equal(t, "opaque", r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer endpoint.Close()
	aws := fakeaws.Start(fakeaws.Config{Secrets: map[string]any{secretARN: "value"}, Parameters: map[string]string{parameterARN: "other"}})
	defer aws.Close()
	p := newProvider(getenv("AWS_ENDPOINT_URL", aws.URL, containerVar, endpoint.URL+"/creds", containerToken, "opaque"))

	p.Expect(parameterARN, "here")
	got, err := get(t, p, secretARN)
	require.NoError(t, err)
	assert.Equal(t, "value", got)
	assert.Equal(t, 1, requests, "once for all requests of a fetch")
	assert.Empty(t, aws.Refused())

	p.forget()
	status, body = http.StatusForbidden, `{"code":"AccessDenied","message":"no"}`
	_, err = get(t, p, secretARN)
	assert.ErrorContains(t, err, containerVar)
	p.forget()
	status, body = http.StatusOK, `{"AccessKeyId":"AKIDSECRET"}`
	_, err = get(t, p, secretARN)
	require.ErrorContains(t, err, "no credentials")
	assert.NotContains(t, err.Error(), "AKIDSECRET")
}

func TestNoCredentials(t *testing.T) {
	for uri, want := range map[string]string{
		"":                               accessKeyVar,
		"http://evil.example/":           "this machine",
		"://":                            "this machine",
		"file:///etc/passwd":             "this machine",
		"http://localhost:1/credentials": "cannot be reached",
	} {
		_, err := findCredentials(t.Context(), getenv(containerVar, uri))
		assert.ErrorContains(t, err, want, uri)
	}
}
