// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package fakeaws

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
)

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/(secretsmanager|ssm|s3)/aws4_request, ` +
	`SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// verify checks a request as AWS does, by the specification of Signature Version 4, and returns its body and region.
func verify(r *http.Request, now time.Time) (body []byte, region string, err error) {
	if body, err = io.ReadAll(r.Body); err != nil {
		return nil, "", err
	}
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return nil, "", fmt.Errorf("authorization header %q", r.Header.Get("Authorization"))
	}
	keyID, day, region, service, signature := m[1], m[2], m[3], m[4], m[6]
	signed := strings.Split(m[5], ";")
	required := []string{"host", "x-amz-date"}
	if service == "s3" {
		required = append(required, "x-amz-content-sha256")
	} else {
		required = append(required, "x-amz-target")
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
			return nil, "", errors.New("not a request of the AWS JSON 1.1 protocol")
		}
	}
	for _, name := range required {
		if !slices.Contains(signed, name) {
			return nil, "", fmt.Errorf("%q is not signed", name)
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || now.Sub(at).Abs() > 5*time.Minute || !strings.HasPrefix(stamp, day) {
		return nil, "", fmt.Errorf("date %q", stamp)
	}
	if keyID != AccessKeyID || r.Header.Get("X-Amz-Security-Token") != SessionToken || !slices.Contains(signed, "x-amz-security-token") {
		return nil, "", errors.New("unknown credentials")
	}
	if prefix := map[string]string{"secretsmanager": "secretsmanager.", "ssm": "AmazonSSM.", "s3": ""}[service]; !strings.HasPrefix(r.Header.Get("X-Amz-Target"), prefix) {
		return nil, "", fmt.Errorf("signed for %q", service)
	}
	if !sort.StringsAreSorted(signed) {
		return nil, "", errors.New("signed headers are not sorted")
	}

	var headers strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	canonical := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%x", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, headers.String(), m[5], sha256.Sum256(body))
	scope := day + "/" + region + "/" + service + "/aws4_request"
	toSign := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4" + SecretAccessKey)
	for _, part := range []string{day, region, service, "aws4_request", toSign} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	if fmt.Sprintf("%x", key) != signature {
		return nil, "", errors.New("the signature does not match")
	}
	return body, region, nil
}
