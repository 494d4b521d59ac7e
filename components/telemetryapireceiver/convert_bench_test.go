// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// BenchmarkConvert measures what a full batch (1,000 events) costs from the body of the POST to OTLP data.
func BenchmarkConvert(b *testing.B) {
	const records = 1000
	for name, record := range map[string]string{
		"plain": `"2022-10-12T00:03:50.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tINFO\trequest %d took 12 ms, cache hit, 3 rows\n"`,
		"print": `"request %d took 12 ms, cache hit, 3 rows, nothing else to say about it\n"`,
		"json":  `{"timestamp":"2022-10-12T00:03:50.123Z","level":"INFO","requestId":"79b4f56e-95b1-4643-9700-2807f4e68189","message":"request %d took 12 ms","user":{"id":7,"roles":["a","b"]},"cache":true}`,
	} {
		b.Run(name, func(b *testing.B) {
			events := []string{`{"time":"2022-10-12T00:03:50.000Z","type":"platform.start","record":{"requestId":"79b4f56e-95b1-4643-9700-2807f4e68189"}}`}
			for i := range records {
				events = append(events, `{"time":"2022-10-12T00:03:50.123Z","type":"function","record":`+fmt.Sprintf(record, i)+`}`)
			}
			body := []byte("[" + strings.Join(events, ",") + "]")
			c := newTestStream()
			c.joiner.completed = true
			convert := func() {
				batch, err := lambdaapi.AppendTelemetry(nil, body)
				if err != nil || c.logs(batch, observed).LogRecordCount() != records+1 {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				convert()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
			b.ReportMetric(testing.AllocsPerRun(1, convert)/records, "allocs/record")
		})
	}
}
