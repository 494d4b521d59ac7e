// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapgrpc"
)

// TestGRPCVerbosity: gRPC is not to put together what is not logged.
func TestGRPCVerbosity(t *testing.T) {
	t.Parallel()
	logger := grpcLogger{zapgrpc.NewLogger(zap.NewNop())}
	for _, verbosity := range []int{0, 2, 99} {
		assert.False(t, logger.V(verbosity))
	}
}
