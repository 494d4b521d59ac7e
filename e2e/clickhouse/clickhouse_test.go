// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package clickhouse

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// patient has the time that a busy machine needs: what is sent again because the answer was late can be there twice.
var patient = []string{
	" timeout: 5s", " timeout: 15s",
	"exporters:\n", "extensions:\n  lambda_lifecycle: { flush_timeout: 15s }\nexporters:\n",
	"service:\n", "service:\n  extensions: [lambda_lifecycle]\n",
}

// TestSearches: whichever way the telemetry of a function goes to ClickHouse, the guide's searches find it.
func TestSearches(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{false, true} {
		schema := map[bool]string{false: "map", true: "JSON"}[asJSON]
		for way, configure := range map[string]func(t *testing.T) []string{
			"ClickStack": func(t *testing.T) []string {
				endpoint, _ := startGateway(t, shared, databaseOf(t), asJSON)
				return append(withFile(t, "clickstack.yaml", patient...),
					"CLICKSTACK_ENDPOINT", endpoint, "CLICKSTACK_INGESTION_KEY", ingestionKey)
			},
			"direct": func(t *testing.T) []string {
				replace := append([]string{"database: otel", "database: " + makeTables(t, shared, asJSON)}, patient...)
				if asJSON {
					replace = append(replace, "json: false", "json: true")
				}
				return append(withFile(t, "full/clickhouse.yaml", replace...),
					"CLICKHOUSE_ENDPOINT", shared.url, "CLICKHOUSE_USER", user, "CLICKHOUSE_PASSWORD", password)
			},
		} {
			t.Run(way+" "+schema, func(t *testing.T) {
				t.Parallel()
				f := start(t, "go-function", configure(t)...)
				r := f.runShop()
				f.shutdown()
				shared.waitFor(t, databaseOf(t), r)
				shared.search(t, way+", "+schema, asJSON, map[string]string{
					"db": databaseOf(t), "invocation": r.invocation, "invocations": fmt.Sprint(r.invocations),
				}, searchesOf(r))
				assert.Empty(t, f.said())
			})
		}
	}
}

// TestVariables: direct export is set up by Rotel's variables as well.
func TestVariables(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		asJSON    bool
		variables []string
	}{
		"map":      {},
		"JSON":     {true, []string{"ROTEL_CLICKHOUSE_EXPORTER_ENABLE_JSON", "true"}},
		"map, LZ4": {false, []string{"ROTEL_CLICKHOUSE_EXPORTER_COMPRESSION", "lz4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := makeTables(t, shared, tt.asJSON)
			f := start(t, "go-function", direct(shared, database, tt.variables...)...)
			r := f.runShop()
			f.shutdown()
			shared.search(t, "variables, "+name, tt.asJSON, map[string]string{"db": database}, []search{
				{"all lines", "SELECT DISTINCT Timestamp, Body FROM {db}.otel_logs WHERE " + ofFunction, r.lines},
				{"all spans", "SELECT DISTINCT SpanId FROM {db}.otel_traces WHERE ScopeName = 'shop'", r.spans},
				{"metrics: attributes", "SELECT DISTINCT Attributes FROM {db}.otel_metrics_sum WHERE MetricName = 'shop.orders'", 2},
			})
			assert.Empty(t, f.said())
		})
	}
}

// TestAwkwardAttributes: JSON lines whose fields ClickHouse's type JSON would refuse, and the whole insert with them, are
// rows like any other.
func TestAwkwardAttributes(t *testing.T) {
	t.Parallel()
	for schema, asJSON := range map[string]string{"map": "false", "JSON": "true"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			database := makeTables(t, shared, schema == "JSON")
			f := start(t, "function", direct(shared, database, "ROTEL_CLICKHOUSE_EXPORTER_ENABLE_JSON", asJSON)...)
			invocation := f.invoke(`{"steps":[
				{"log_json":{"message":"twice","http":{"status":200},"http.status":200}},
				{"log_json":{"message":"leaf and branch","error":"no","error.type":"yes"}},
				{"log_json":{"message":"mixed","list":[1,"two",{"three":3},null],"empty":{},"":"no name"}},
				{"log":"plain"}]}`)
			require.Empty(t, invocation.FunctionError, "%s", invocation.Payload)
			f.shutdown()
			assert.Len(t, shared.query(t, fmt.Sprintf("SELECT DISTINCT Body FROM %s.otel_logs "+
				"WHERE Body IN ('twice', 'leaf and branch', 'mixed', 'plain')", database)), 4)
			assert.Empty(t, f.said())
		})
	}
}

// shopRun is what a run of examples/go-function must leave in the tables.
type shopRun struct {
	invocations, failed    int
	lines, spans           int
	linesOfOne, spansOfOne int
	invocation             string // the request id of that one
	severities             int    // different ones
}

// runShop invokes examples/go-function a few times; one invocation fails.
func (f *function) runShop() shopRun {
	f.t.Helper()
	var r shopRun
	for _, event := range []string{`{}`, `{}`, `{"fail":true}`, `{}`} {
		invocation := f.invoke(event)
		var made struct{ Spans, Lines int }
		payload := invocation.Payload
		if invocation.FunctionError != "" {
			r.failed++
			var failure struct{ ErrorMessage string }
			require.NoError(f.t, json.Unmarshal(payload, &failure))
			payload = []byte(failure.ErrorMessage)
		}
		require.NoError(f.t, json.Unmarshal(payload, &made), "%s", payload)
		require.NotZero(f.t, made.Spans)
		r.invocations++
		r.spans += made.Spans
		r.linesOfOne, r.spansOfOne, r.invocation = made.Lines, made.Spans, invocation.RequestID
	}
	r.lines = len(f.linesOf(lambdaemulator.SourceFunction)) // the runtime client logs the error of an invocation, too
	r.severities = 2                                        // INFO, ERROR
	return r
}

// waitFor waits until what a gateway has accepted is in the tables.
func (s *server) waitFor(t *testing.T, database string, r shopRun) {
	t.Helper()
	count := func(table string) int {
		return len(s.query(t, fmt.Sprintf("SELECT 1 FROM %s.%s WHERE ServiceName = 'shop'", database, table)))
	}
	require.Eventually(t, func() bool {
		return count("otel_logs") >= r.lines && count("otel_traces") >= r.spans && count("otel_metrics_histogram") > 0
	}, patience, 100*time.Millisecond, "the gateway has not written everything")
}
