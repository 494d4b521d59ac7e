// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithoutProc(t *testing.T) {
	built := errors.New("built")
	for _, user := range []string{"", "/host/proc"} {
		t.Setenv(hostProcVar, user)
		if user == "" {
			require.NoError(t, os.Unsetenv(hostProcVar))
		}
		var within string
		err := withoutProc(func() error { within = os.Getenv(hostProcVar); return built })
		assert.ErrorIs(t, err, built)
		after, set := os.LookupEnv(hostProcVar)
		if user == "" {
			assert.Equal(t, noProc, within)
			assert.False(t, set, "as it was")
			continue
		}
		assert.Equal(t, user, within)
		assert.Equal(t, user, after)
	}
}
