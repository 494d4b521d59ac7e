// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// benchmarkLogs returns records of the size of a log line with the usual attributes.
func benchmarkLogs(records int) plog.Logs {
	ld := logs(padded(0, records, 200)...)
	for _, record := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		record.Attributes().PutStr("faas.invocation_id", "3da1f2dc-3222-475e-9205-e2e6c6318895")
		record.SetTimestamp(1_700_000_000_000_000_000)
	}
	return ld
}

const (
	benchmarkBatches = 100
	benchmarkRecords = 50 // a batch
)

// benchmarkBuffer runs b over a buffer that is given batches of records, and reports the cost of one record.
func benchmarkBuffer(b *testing.B, timed func(e logsExporter, fill func())) {
	env, _ := testEnvironment(1 << 30)
	factory := wrap(nopexporter.NewFactory(), env)
	created, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(b, err)
	e := created.(logsExporter) // not started: no flush in the background
	template := benchmarkLogs(benchmarkRecords)
	batches := make([]plog.Logs, benchmarkBatches)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range batches {
			batches[i] = plog.NewLogs()
			template.CopyTo(batches[i])
		}
		b.StartTimer()
		timed(e, func() {
			for _, batch := range batches {
				_ = e.ConsumeLogs(context.Background(), batch)
			}
		})
		b.StopTimer()
		for {
			if _, ok := e.queue.take(maxRequest, ^uint64(0)); !ok {
				break
			}
		}
		e.queue.budget.used = 0
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(benchmarkBatches*benchmarkRecords), "ns/record")
}

func BenchmarkAccept(b *testing.B) {
	benchmarkBuffer(b, func(_ logsExporter, fill func()) { fill() })
}

func BenchmarkMerge(b *testing.B) {
	benchmarkBuffer(b, func(e logsExporter, fill func()) {
		b.StopTimer()
		fill()
		b.StartTimer()
		e.queue.take(maxRequest, ^uint64(0))
	})
}

// BenchmarkFlush is a whole flush of 5,000 records, 1.4 MB, without the exporter.
func BenchmarkFlush(b *testing.B) {
	env, _ := testEnvironment(1 << 30)
	factory := wrap(nopexporter.NewFactory(), env)
	created, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(b, err)
	e := created.(logsExporter)
	template := benchmarkLogs(benchmarkRecords)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for range benchmarkBatches {
			batch := plog.NewLogs()
			template.CopyTo(batch)
			_ = e.ConsumeLogs(context.Background(), batch)
		}
		b.StartTimer()
		_ = e.Flush(context.Background())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(benchmarkBatches*benchmarkRecords), "ns/record")
}

// BenchmarkCut divides 20 MB in requests.
func BenchmarkCut(b *testing.B) {
	template := benchmarkLogs(70_000)
	sig := logsSignal()
	for b.Loop() {
		b.StopTimer()
		q := queue[plog.Logs]{sig: sig}
		data := sig.clone(template)
		rest := item[plog.Logs]{data, sig.size(data), sig.count(data), 0}
		b.StartTimer()
		for rest.count > 0 {
			_, rest = q.cut(rest, maxRequest)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/70_000, "ns/record")
}

// BenchmarkRenew is what presuming the connections dead costs, besides the handshake of the new one.
func BenchmarkRenew(b *testing.B) {
	for name, create := range map[string]func(testing.TB, *backend, environment) logsExporter{
		"otlp_http": func(t testing.TB, s *backend, env environment) logsExporter {
			e, _ := httpExporter(t, s, env, nopSettings())
			return e
		},
		"otlp_grpc": func(t testing.TB, s *backend, env environment) logsExporter {
			return grpcExporter(t, s, env, nopSettings())
		},
	} {
		b.Run(name, func(b *testing.B) {
			env, _ := testEnvironment(mebibyte)
			e := create(b, &backend{}, env)
			b.ReportAllocs()
			for b.Loop() {
				e.renew(context.Background())
			}
		})
	}
}

// BenchmarkFirstExport is an export of one record on a used and on a renewed connection, without TLS, on one machine.
func BenchmarkFirstExport(b *testing.B) {
	for name, idle := range map[string]time.Duration{"used": time.Second, "renewed": time.Minute} {
		b.Run(name, func(b *testing.B) {
			env, c := testEnvironment(mebibyte)
			e, _ := httpExporter(b, &backend{}, env, nopSettings())
			for b.Loop() {
				accept(b, e, "a")
				require.NoError(b, e.Flush(context.Background()))
				c.advance(idle)
			}
		})
	}
}
