// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

const (
	accessKeyVar   = "AWS_ACCESS_KEY_ID"
	secretKeyVar   = "AWS_SECRET_ACCESS_KEY"
	sessionVar     = "AWS_SESSION_TOKEN"
	containerVar   = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	containerToken = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
)

// credentials are those of the function's role. The names are those of the container credentials endpoint.
type credentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string `json:"SecretAccessKey"`
	Token           string `json:"Token"` // may be empty
}

// findCredentials takes the credentials that Lambda put into the environment or, with SnapStart, offers at the container
// credentials endpoint. They are looked up for each fetch, because they expire.
func findCredentials(ctx context.Context, getenv func(string) string) (credentials, error) {
	c := credentials{getenv(accessKeyVar), getenv(secretKeyVar), getenv(sessionVar)}
	if c.AccessKeyID != "" && c.SecretAccessKey != "" {
		return c, nil
	}
	uri := getenv(containerVar)
	if uri == "" {
		return c, fmt.Errorf("no AWS credentials: Lambda sets %q and %q, or %q", accessKeyVar, secretKeyVar, containerVar)
	}
	c, err := containerCredentials(ctx, uri, getenv(containerToken))
	if err != nil {
		return c, fmt.Errorf("no AWS credentials from %q: %w", containerVar, err)
	}
	return c, nil
}

func containerCredentials(ctx context.Context, uri, token string) (c credentials, err error) {
	u, err := url.Parse(uri)
	if err != nil || !isTrusted(u) {
		return c, errors.New("it must be a URL of this machine or https://")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return c, errors.New("it must be a URL")
	}
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	transport := &http.Transport{} // without a proxy: the endpoint is local
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return c, &unreachableError{u.Host, err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c, &unreachableError{u.Host, err}
	}
	if resp.StatusCode != http.StatusOK {
		return c, decodeError(resp, body)
	}
	if json.Unmarshal(body, &c) != nil || c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("its answer holds no credentials")
	}
	return c, nil
}

// isTrusted tells whether the token may be sent to u, as the AWS SDKs do.
func isTrusted(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast())
	return u.Scheme == "https" || u.Scheme == "http" && local
}
