// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const benchEvents = 1000

func benchBody(record func(i int) string) []byte {
	events := make([]string, benchEvents)
	for i := range events {
		events[i] = `{"time":"2022-10-12T00:03:50.123Z","type":"function","record":` + record(i) + `}`
	}
	return []byte("[" + strings.Join(events, ",") + "]")
}

// The bodies that a busy function makes: a full batch, maxItems 1,000, of plain lines and of JSON lines.
var benchBodies = map[string][]byte{
	"plain": benchBody(func(i int) string {
		return fmt.Sprintf(`"2022-10-12T00:03:50.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tINFO\trequest %d took 12 ms, cache hit, 3 rows\n"`, i)
	}),
	"json": benchBody(func(i int) string {
		return fmt.Sprintf(`{"timestamp":"2022-10-12T00:03:50.123Z","level":"INFO","requestId":"79b4f56e-95b1-4643-9700-2807f4e68189","message":"request %d took 12 ms","user":{"id":%d,"roles":["a","b"]},"cache":true}`, i, i)
	}),
}

func BenchmarkDecodeTelemetry(b *testing.B) {
	for name, body := range benchBodies {
		b.Run(name, func(b *testing.B) {
			perRecord(b, len(body), func() {
				events, err := lambdaapi.AppendTelemetry(nil, body)
				if err != nil {
					b.Fatal(err)
				}
				for i := range events {
					events[i].Text()
				}
			})
		})
	}
}

// BenchmarkEncodingJSON is the baseline: the same bodies into any.
func BenchmarkEncodingJSON(b *testing.B) {
	for name, body := range benchBodies {
		b.Run(name, func(b *testing.B) {
			perRecord(b, len(body), func() {
				var events any
				if err := json.Unmarshal(body, &events); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func perRecord(b *testing.B, bytes int, decode func()) {
	b.ReportAllocs()
	b.SetBytes(int64(bytes))
	for b.Loop() {
		decode()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/record")
	b.ReportMetric(testing.AllocsPerRun(1, decode)/benchEvents, "allocs/record")
}
