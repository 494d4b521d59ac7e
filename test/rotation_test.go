// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// rotated is what the ingestion key becomes.
const rotated = "rotated-key-91c4"

// TestRotatedKey: the key changes in the middle of the traffic, at the backend and in the parameter. The flush that is refused delivers: everything arrives, once, and nobody is told (trap 27).
func TestRotatedKey(t *testing.T) {
	for name, configure := range map[string]func(*lambdaemulator.Config){
		"http":   func(*lambdaemulator.Config) {},
		"grpc":   grpcBothWays,
		"policy": withFlushPolicy("periodic"),
	} {
		t.Run(name, func(t *testing.T) {
			aws := startAWS(t, nil)
			w := start(t, withAWS(aws), env(headersVar, "authorization=${"+parameter+"},x-other=${"+jsonSecret+"#other}"), configure)
			for i := range 6 {
				if i == 3 {
					w.backend.SetAuthToken(rotated)
					aws.Rotate(parameter, rotated)
				}
				inv := w.run(step{"log": fmt.Sprint("line ", i)}, step{"spans": 2, "name": "work"}, step{"metric": 1}, step{"sleep_ms": 50})
				assert.Less(t, inv.Overrun(), 2500*time.Millisecond, "not more than the flush budget")
			}
			w.end()
			w.requireAllArrived()
			assert.Len(t, aws.Requests(), 4, "two services, twice")
			assert.Empty(t, w.extensionLines())
			w.requireSilence()
		})
	}
}

// TestRotatedKeyAfterRestore: the environment was made long ago, with SnapStart, where credentials come from an endpoint
// and the ones of that time are no longer good; since then the key was rotated and every connection forgotten.
func TestRotatedKeyAfterRestore(t *testing.T) {
	aws := startAWS(t, nil)
	handedOut := 0
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "container-token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		handedOut++
		_ = json.NewEncoder(w).Encode(map[string]string{"AccessKeyId": fakeaws.AccessKeyID, "SecretAccessKey": fakeaws.SecretAccessKey,
			"Token": fakeaws.SessionToken, "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	}))
	t.Cleanup(endpoint.Close)
	w := start(t, env("AWS_ENDPOINT_URL", aws.URL, headersVar, "authorization=${"+parameter+"}",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"),
		func(cfg *lambdaemulator.Config) {
			cfg.InitializationType = "snap-start"
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
				cfg.Env[name] = ""
			}
		})
	w.run(step{"log": "before"}, step{"spans": 1, "name": "work"})
	w.backend.SetAuthToken(rotated)
	aws.Rotate(parameter, rotated)
	w.backend.ResetConnections()
	time.Sleep(time.Second) // frozen
	w.run(step{"log": "after"}, step{"spans": 1, "name": "work"})
	w.end()
	w.requireAllArrived()
	assert.Equal(t, 2, handedOut, "credentials of this time")
	assert.Empty(t, w.extensionLines())
	w.requireSilence()
}

// TestWrongKeyInSecret: a key that is not the backend's and stays so is one line, few requests and one more lookup; the
// function runs as if we were not there.
func TestWrongKeyInSecret(t *testing.T) {
	aws := startAWS(t, nil)
	w := start(t, withAWS(aws), env(headersVar, "authorization=${"+jsonSecret+"#other}"))
	for i := range 12 {
		inv := w.run(step{"log": fmt.Sprint("refused ", i)}, step{"spans": 1, "name": "work"})
		assert.Empty(t, w.replyOf(inv).ExportError)
		assert.Less(t, inv.Overrun(), time.Second)
	}
	assert.Len(t, aws.Requests(), 2, "looked up at the start, and once when refused")
	assert.Less(t, len(w.backend.Requests()), 20)
	all := strings.Join(w.extensionLines(), "\n")
	assert.Contains(t, all, "check the key or token that it is configured with, or the secret that holds it")
	assert.Contains(t, all, "401")
	require.Len(t, w.extensionLines(), 1)
	w.end()
	assert.Contains(t, strings.Join(w.extensionLines(), "\n"), "dropped (shutdown)")
	w.requireSilence()
}
