// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package lambdaapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// TestAllocations holds that an event costs an allocation only where its text must be unescaped. The race detector
// would count its own: `make budget` runs it.
func TestAllocations(t *testing.T) {
	for name, most := range map[string]float64{"plain": 1.01, "json": 0.01} {
		t.Run(name, func(t *testing.T) {
			allocations := testing.AllocsPerRun(10, func() {
				events, err := lambdaapi.AppendTelemetry(nil, benchBodies[name])
				require.NoError(t, err)
				for i := range events {
					events[i].Text()
				}
			})
			assert.LessOrEqual(t, allocations/benchEvents, most)
		})
	}
}
