// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSubscriptionIsJSON(t *testing.T) {
	for _, types := range [][]string{{}, {TelemetryPlatform}, {TelemetryPlatform, TelemetryFunction, TelemetryExtension}} {
		s := NewSubscription(types, DefaultBuffering(), 1234)
		want, err := json.Marshal(s)
		require.NoError(t, err)
		assert.Equal(t, string(want), s.String())
	}
}
