// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sign signs a POST request with AWS Signature Version 4. It is written out here because the AWS signer links 28
// packages, for what is one form of request: no query, no header that needs trimming or sorting at run time. A test
// compares it with that signer.
func (c credentials) sign(req *http.Request, body []byte, t target, now time.Time) {
	const algorithm = "AWS4-HMAC-SHA256"
	timestamp := now.UTC().Format("20060102T150405Z")
	scope := timestamp[:8] + "/" + t.region + "/" + t.service + "/aws4_request"
	req.Header.Set("X-Amz-Date", timestamp)
	names := []string{"content-type", "host", "x-amz-date"} // in alphabetical order
	if c.Token != "" {
		req.Header.Set("X-Amz-Security-Token", c.Token)
		names = append(names, "x-amz-security-token")
	}
	names = append(names, "x-amz-target")

	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical := []string{req.Method, path, req.URL.RawQuery}
	for _, name := range names {
		value := req.Header.Get(name)
		if name == "host" {
			value = req.URL.Host
		}
		canonical = append(canonical, name+":"+value)
	}
	signed := strings.Join(names, ";")
	canonical = append(canonical, "", signed, hash(string(body)))

	key := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	signature := mac(key, algorithm+"\n"+timestamp+"\n"+scope+"\n"+hash(strings.Join(canonical, "\n")))
	req.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+"/"+scope+
		", SignedHeaders="+signed+", Signature="+hex.EncodeToString(signature))
}

func hash(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}
