// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestFallbackSubscription(t *testing.T) {
	t.Parallel()
	var got lambdaapi.Subscription
	require.NoError(t, json.Unmarshal([]byte(fallbackSubscription(1234)), &got))
	types := []string{lambdaapi.TelemetryPlatform, lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension}
	assert.Equal(t, lambdaapi.NewSubscription(types, lambdaapi.DefaultBuffering(), 1234), got)
}
