// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package clickhouse

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
)

// search is what a user of HyperDX looks for, and the statement that HyperDX makes of it, without the time range. In the
// statement {key} is replaced, and an attribute is written @Column{name}.
type search struct {
	looksFor, statement string
	want                int // so many rows
}

// results are the rows found, by search and by the way that the telemetry has taken, to be shown at the end.
type results struct {
	mu             sync.Mutex
	searches, ways []string
	cells          map[[2]string]string
}

var searched = results{cells: map[[2]string]string{}}

func (r *results) add(way string, s search, rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.searches, s.looksFor) {
		r.searches = append(r.searches, s.looksFor)
	}
	if !slices.Contains(r.ways, way) {
		r.ways = append(r.ways, way)
	}
	cell := fmt.Sprint(rows)
	if rows != s.want {
		cell = fmt.Sprintf("%d, not %d", rows, s.want)
	}
	r.cells[[2]string{s.looksFor, way}] = cell
}

func (r *results) print(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.ways)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintf(table, "\nrows found\t%s\n", strings.Join(r.ways, "\t"))
	for _, search := range r.searches {
		_, _ = fmt.Fprint(table, search)
		for _, way := range r.ways {
			_, _ = fmt.Fprint(table, "\t", r.cells[[2]string{search, way}])
		}
		_, _ = fmt.Fprintln(table)
	}
	return table.Flush()
}

// search requires of every search that it finds its rows.
func (s *server) search(t *testing.T, way string, asJSON bool, values map[string]string, searches []search) {
	t.Helper()
	for _, search := range searches {
		statement := attributes(search.statement, asJSON)
		for key, value := range values {
			statement = strings.ReplaceAll(statement, "{"+key+"}", value)
		}
		rows, err := s.try(t.Context(), statement)
		assert.NoError(t, err, "%s\n%s", search.looksFor, statement)
		assert.Len(t, rows, search.want, "%s\n%s", search.looksFor, statement)
		searched.add(way, search, len(rows))
	}
}

// attributes writes @Column{a.b} as the schema wants it: Column['a.b'] of a map, the path `a`.`b` in JSON.
func attributes(statement string, asJSON bool) string {
	parts := strings.Split(statement, "@")
	for i, part := range parts[1:] {
		column, rest, _ := strings.Cut(part, "{")
		name, rest, _ := strings.Cut(rest, "}")
		access := fmt.Sprintf("%s['%s']", column, name)
		if asJSON {
			access = fmt.Sprintf("toString(%s.`%s`)", column, strings.ReplaceAll(name, ".", "`.`"))
		}
		parts[i+1] = access + rest
	}
	return strings.Join(parts, "")
}

// ofFunction leaves out what the layer says, and Lambda's own events.
const ofFunction = "@LogAttributes{aws.lambda.telemetry.type} IN ('', 'function') AND EventName = ''"

// searchesOf are the searches of the guide for a run of examples/go-function.
func searchesOf(r shopRun) []search {
	const logs = "SELECT Timestamp, ServiceName, SeverityText AS level, Body FROM {db}.otel_logs WHERE " + ofFunction + " AND "
	const spans = "SELECT Timestamp, ServiceName, SpanName, SpanKind, Duration FROM {db}.otel_traces WHERE "
	return []search{
		{"logs: service.name", logs + "ServiceName = 'shop'", r.lines},
		{"logs: faas.name", logs + "@ResourceAttributes{faas.name} = 'my-function'", r.lines},
		{"logs: cloud.platform", logs + "@ResourceAttributes{cloud.platform} = 'aws_lambda'", r.lines},
		{"logs: severity error", logs + "SeverityText ILIKE 'error'", r.failed},
		{"logs: body text", logs + "hasAllTokens(lower(Body), lower('Order Shipped'))", r.invocations - r.failed},
		{"logs: faas.invocation_id", logs + "@LogAttributes{faas.invocation_id} = '{invocation}'", r.linesOfOne},
		{"logs: attribute of a JSON line", logs + "@LogAttributes{items} = '3'", r.invocations - r.failed},
		{"logs: failed invocations", "SELECT Body FROM {db}.otel_logs WHERE EventName = 'faas.invocation.exception'", r.failed},
		{"logs: histogram by severity", "SELECT toStartOfInterval(toDateTime(Timestamp), INTERVAL 1 day) AS bucket, SeverityText, count() " +
			"FROM {db}.otel_logs WHERE " + ofFunction + " AND SeverityText != '' GROUP BY bucket, SeverityText ORDER BY bucket", r.severities},
		{"traces: service.name", spans + "ServiceName = 'shop' AND ScopeName = 'shop'", r.spans},
		{"traces: failed", spans + "StatusCode = 'Error' AND SpanKind = 'Server' AND ScopeName = 'shop'", r.failed},
		{"traces: faas.invocation_id", spans + "@SpanAttributes{faas.invocation_id} = '{invocation}'", 1},
		{"traces: cold start", spans + "SpanName = 'init'", 1},
		{"traces: waterfall of one invocation", "SELECT SpanId, ParentSpanId, SpanName FROM {db}.otel_traces WHERE ScopeName = 'shop' AND TraceId IN " +
			"(SELECT TraceId FROM {db}.otel_logs WHERE @LogAttributes{faas.invocation_id} = '{invocation}')", r.spansOfOne},
		{"traces: lookup by trace id", "SELECT TraceId FROM {db}.otel_traces_trace_id_ts WHERE TraceId IN " +
			"(SELECT TraceId FROM {db}.otel_logs WHERE @LogAttributes{faas.invocation_id} = '{invocation}') GROUP BY TraceId", 1},
		{"join: lines with their span", "SELECT l.Body, t.SpanName FROM {db}.otel_logs AS l INNER JOIN {db}.otel_traces AS t " +
			"ON t.TraceId = l.TraceId AND t.SpanId = l.SpanId WHERE l.ServiceName = 'shop' AND l.EventName = '' AND t.SpanName = 'process order'", r.lines},
		{"join: traces that have lines", "SELECT l.TraceId, uniqExact(l.Body) AS lines, uniqExact(t.SpanId) AS spans FROM {db}.otel_logs AS l " +
			"INNER JOIN {db}.otel_traces AS t ON t.TraceId = l.TraceId WHERE l.TraceId != '' GROUP BY l.TraceId", r.invocations},
		{"metrics: gauge", "SELECT quantile(0.95)(Value), toStartOfInterval(toDateTime(TimeUnix), INTERVAL 1 day) AS bucket FROM {db}.otel_metrics_gauge " +
			"WHERE MetricName = 'aws.lambda.memory_size' GROUP BY bucket HAVING max(Value) = 134217728", 1},
		{"metrics: sum of the SDK", "SELECT sum(value) AS total FROM (SELECT Attributes, max(Value) AS value FROM {db}.otel_metrics_sum " +
			"WHERE MetricName = 'shop.orders' GROUP BY Attributes) HAVING total = {invocations}", 1},
		{"metrics: sum of Lambda's", "SELECT sum(Value) AS total FROM {db}.otel_metrics_sum WHERE AggregationTemporality = 1 AND " +
			"MetricName IN ('faas.invocations', 'faas.errors', 'faas.timeouts') HAVING total = {invocations}", 1},
		{"metrics: histogram", "SELECT sum(Count) AS count, sumForEach(BucketCounts) AS buckets, any(ExplicitBounds) AS bounds FROM {db}.otel_metrics_histogram " +
			"WHERE MetricName = 'faas.invoke_duration' HAVING count = {invocations} AND length(buckets) = length(bounds) + 1", 1},
	}
}
