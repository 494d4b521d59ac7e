// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// shape calls the functions for a random nesting: resource and scope get their number as an attribute, every record
// its number as a name of random length.
func shape(rnd *rand.Rand, resource func(pcommon.Map), scope func(pcommon.Map), record func(string)) {
	for r := range 1 + rnd.IntN(4) {
		attrs := pcommon.NewMap()
		attrs.PutStr("r", fmt.Sprint(r, strings.Repeat("x", rnd.IntN(300))))
		resource(attrs)
		for s := range rnd.IntN(4) {
			attrs := pcommon.NewMap()
			attrs.PutStr("s", fmt.Sprint(r, s))
			scope(attrs)
			for i := range rnd.IntN(20) {
				record(fmt.Sprint(r, s, i, strings.Repeat("y", rnd.IntN(200))))
			}
		}
	}
}

// checkCut cuts data into pieces and compares them with what was in it: all the records in their order, in the
// resources and scopes where they were, each piece within the limit unless it is one record.
func checkCut[T any](t *testing.T, sig signal[T], data T, limit int, names func(T) []string) {
	t.Helper()
	want := names(data)
	var got []string
	q := queue[T]{sig: sig}
	rest := item[T]{data, sig.size(data), sig.count(data), 0}
	for rest.count > 0 {
		var piece item[T]
		piece, rest = q.cut(rest, limit)
		require.Positive(t, piece.count)
		if piece.count > 1 {
			require.LessOrEqual(t, piece.size, limit)
		}
		got = append(got, names(piece.data)...)
	}
	require.Equal(t, want, got)
}

func TestCut(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		limit := 1 + rnd.IntN(4000)

		td := ptrace.NewTraces()
		var rs ptrace.ResourceSpans
		var ss ptrace.ScopeSpans
		shape(rnd,
			func(m pcommon.Map) {
				rs = td.ResourceSpans().AppendEmpty()
				m.CopyTo(rs.Resource().Attributes())
				rs.SetSchemaUrl("https://example.com/schema")
			},
			func(m pcommon.Map) { ss = rs.ScopeSpans().AppendEmpty(); m.CopyTo(ss.Scope().Attributes()) },
			func(name string) { ss.Spans().AppendEmpty().SetName(name) })
		checkCut(t, tracesSignal(), td, limit, func(td ptrace.Traces) (all []string) {
			for _, r := range td.ResourceSpans().All() {
				for _, s := range r.ScopeSpans().All() {
					for _, span := range s.Spans().All() {
						all = append(all, fmt.Sprint(r.Resource().Attributes().AsRaw(), r.SchemaUrl(), s.Scope().Attributes().AsRaw(), span.Name()))
					}
				}
			}
			return all
		})

		md := pmetric.NewMetrics()
		var rm pmetric.ResourceMetrics
		var sm pmetric.ScopeMetrics
		shape(rnd,
			func(m pcommon.Map) { rm = md.ResourceMetrics().AppendEmpty(); m.CopyTo(rm.Resource().Attributes()) },
			func(m pcommon.Map) {
				sm = rm.ScopeMetrics().AppendEmpty()
				m.CopyTo(sm.Scope().Attributes())
				sm.SetSchemaUrl("https://example.com/schema")
			},
			func(name string) {
				m := sm.Metrics().AppendEmpty()
				m.SetName(name)
				m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
			})
		checkCut(t, metricsSignal(), md, limit, func(md pmetric.Metrics) (all []string) {
			for _, r := range md.ResourceMetrics().All() {
				for _, s := range r.ScopeMetrics().All() {
					for _, m := range s.Metrics().All() {
						all = append(all, fmt.Sprint(r.Resource().Attributes().AsRaw(), s.SchemaUrl(), s.Scope().Attributes().AsRaw(), m.Name()))
					}
				}
			}
			return all
		})

		ld := plog.NewLogs()
		var rl plog.ResourceLogs
		var sl plog.ScopeLogs
		shape(rnd,
			func(m pcommon.Map) { rl = ld.ResourceLogs().AppendEmpty(); m.CopyTo(rl.Resource().Attributes()) },
			func(m pcommon.Map) { sl = rl.ScopeLogs().AppendEmpty(); m.CopyTo(sl.Scope().Attributes()) },
			func(name string) { sl.LogRecords().AppendEmpty().Body().SetStr(name) })
		checkCut(t, logsSignal(), ld, limit, func(ld plog.Logs) (all []string) {
			for _, r := range ld.ResourceLogs().All() {
				for _, s := range r.ScopeLogs().All() {
					for _, l := range s.LogRecords().All() {
						all = append(all, fmt.Sprint(r.Resource().Attributes().AsRaw(), s.Scope().Attributes().AsRaw(), l.Body().Str()))
					}
				}
			}
			return all
		})
	}
}

func TestOnWire(t *testing.T) {
	t.Parallel()
	var proto plog.ProtoMarshaler
	for _, n := range []int{0, 1, 100, 120, 123, 124, 125, 126, 127, 128, 16_378, 16_379, 16_380, 16_381, 16_382, 16_383, 16_384, 3 << 20} {
		ld := plog.NewLogs()
		resource := ld.ResourceLogs().AppendEmpty()
		resource.SetSchemaUrl(strings.Repeat("x", n))
		assert.Equal(t, proto.LogsSize(ld), onWire(proto.ResourceLogsSize(resource)))
	}
}
