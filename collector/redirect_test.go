// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestGRPCLogs: errors are logged, and nothing else is put together to be.
func TestGRPCLogs(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zapcore.DebugLevel)
	logger := newGRPCLogger(zap.New(core))
	logger.Info("connecting")
	logger.Warningf("cannot connect to %s", "backend")
	logger.Errorf("cannot serve: %s", "no port")
	require.Equal(t, 1, logged.Len())
	assert.Equal(t, "cannot serve: no port", logged.All()[0].Message)
	for _, verbosity := range []int{0, 2, 99} {
		assert.False(t, logger.V(verbosity))
	}
}
