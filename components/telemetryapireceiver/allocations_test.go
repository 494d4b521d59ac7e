// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package telemetryapireceiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// TestAllocations holds what a log line costs in allocations, from the body of the POST to OTLP data. The race
// detector would count its own: `make budget` runs it.
func TestAllocations(t *testing.T) {
	const records = 1000
	for name, tt := range map[string]struct {
		record string
		most   float64 // a record
	}{
		"plain": {`"2022-10-12T00:03:50.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tINFO\tdone\n"`, 4.1},
		"print": {`"request took 12 ms, cache hit, 3 rows\n"`, 4.1},
		"json":  {`{"timestamp":"2022-10-12T00:03:50.123Z","level":"INFO","requestId":"79b4f56e-95b1-4643-9700-2807f4e68189","message":"done","user":{"id":7,"roles":["a","b"]},"cache":true}`, 14.1},
	} {
		t.Run(name, func(t *testing.T) {
			event := `{"time":"2022-10-12T00:03:50.123Z","type":"function","record":` + tt.record + `}`
			body := []byte(fmt.Sprintf("[%s]", strings.Repeat(event+",", records-1)+event))
			s := newTestStream()
			s.joiner.completed = true
			allocations := testing.AllocsPerRun(10, func() {
				batch, err := lambdaapi.AppendTelemetry(nil, body)
				require.NoError(t, err)
				require.Equal(t, records, s.logs(batch, observed).LogRecordCount())
			})
			assert.LessOrEqual(t, allocations/records, tt.most)
		})
	}
}
