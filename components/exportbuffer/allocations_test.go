// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package exportbuffer

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestAllocations holds that the buffer itself allocates nothing for a record, only for a batch and a request. The race
// detector would count its own: `make budget` runs it.
func TestAllocations(t *testing.T) {
	env, _ := testEnvironment(1 << 30)
	factory := wrap(nopexporter.NewFactory(), env)
	created, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(t, err)
	e := created.(logsExporter) // not started: no flush in the background
	const runs, batches = 5, 100
	filled := make([]plog.Logs, 0, (runs+1)*batches) // AllocsPerRun runs once more, first
	for range cap(filled) {
		filled = append(filled, benchmarkLogs(benchmarkRecords))
	}
	allocations := testing.AllocsPerRun(runs, func() {
		for _, batch := range filled[:batches] {
			_ = e.ConsumeLogs(context.Background(), batch)
		}
		filled = filled[batches:]
		require.NoError(t, e.Flush(context.Background()))
	})
	assert.LessOrEqual(t, allocations, float64(25), "for %d batches of %d records", batches, benchmarkRecords)
	require.NoError(t, e.Shutdown(context.Background()))
}
