// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package clickhouse

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reportEvery is how often the layer says what a signal suffers from.
const reportEvery = 30 * time.Second

// work is what invocations of test/function have written, and what its SDK was told is accepted.
type work struct {
	lines, spans int
	begun        time.Time
}

// invokeFor makes n invocations, of a line and a span each, which must not notice anything.
func (w *work) invokeFor(f *function, n int) {
	f.t.Helper()
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	for range n {
		invocation := f.invoke(fmt.Sprintf(`{"steps":[{"log":"line %d"},{"spans":1,"name":"work"}]}`, w.lines))
		require.Empty(f.t, invocation.FunctionError, "%s", invocation.Payload)
		w.lines++
		var reply struct {
			ExportError string `json:"export_error"`
		}
		require.NoError(f.t, json.Unmarshal(invocation.Payload, &reply))
		if reply.ExportError == "" {
			w.spans++
		}
	}
}

// requireAll requires that everything is in the tables. What was sent again because the answer came late is there
// twice.
func (w *work) requireAll(t *testing.T, s *server, database string) {
	t.Helper()
	lines := s.query(t, fmt.Sprintf("SELECT DISTINCT Body FROM %s.otel_logs WHERE Body LIKE 'line %%'", database))
	assert.Len(t, lines, w.lines, "lines")
	spans := s.query(t, fmt.Sprintf("SELECT DISTINCT SpanId FROM %s.otel_traces WHERE SpanName = 'work'", database))
	assert.Len(t, spans, w.spans, "spans")
}

// requireOneLineEach requires that the layer says once a signal what is wrong, in the words of who refused.
func (w *work) requireOneLineEach(f *function, words string) {
	f.t.Helper()
	said := f.said()
	assert.Contains(f.t, strings.Join(said, "\n"), words)
	assert.NotContains(f.t, strings.Join(said, "\n"), "hush")
	for _, signal := range []string{"logs", "traces", "metrics"} {
		lines := 0
		for _, line := range said {
			if strings.Contains(line, "export of "+signal) {
				lines++
			}
		}
		assert.LessOrEqual(f.t, lines, 1+int(time.Since(w.begun)/reportEvery), signal)
	}
}

// direct sets export without a Collector up, by variables.
func direct(to *server, database string, more ...string) []string {
	return append([]string{
		"ROTEL_EXPORTER", "clickhouse",
		"ROTEL_CLICKHOUSE_EXPORTER_ENDPOINT", to.url,
		"ROTEL_CLICKHOUSE_EXPORTER_DATABASE", database,
		"ROTEL_CLICKHOUSE_EXPORTER_USER", user,
		"ROTEL_CLICKHOUSE_EXPORTER_PASSWORD", password,
	}, more...)
}

// TestRefusals: whatever ClickHouse refuses, the function runs, the log says it in ClickHouse's words, and the data is
// kept until ClickHouse takes it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		words      string
		spoil, fix string // statements, of the database %[1]s
	}{
		"no database": {
			"Database testrefusals_no_database does not exist",
			"RENAME DATABASE %[1]s TO %[1]s_elsewhere", "RENAME DATABASE %[1]s_elsewhere TO %[1]s",
		},
		"no table": {
			"Table testrefusals_no_table.otel_logs does not exist",
			"RENAME TABLE %[1]s.otel_logs TO %[1]s.elsewhere", "RENAME TABLE %[1]s.elsewhere TO %[1]s.otel_logs",
		},
		// What a full disk is to MergeTree is a setting.
		"disk full": {
			"(NOT_ENOUGH_SPACE)",
			"ALTER TABLE %[1]s.otel_logs MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000",
			"ALTER TABLE %[1]s.otel_logs RESET SETTING min_free_disk_bytes_to_perform_insert",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := makeTables(t, shared, false)
			shared.query(t, fmt.Sprintf(tt.spoil, database))
			f := start(t, "function", direct(shared, database)...)
			var w work
			w.invokeFor(f, 3)
			w.requireOneLineEach(f, tt.words)
			shared.query(t, fmt.Sprintf(tt.fix, database))
			w.invokeFor(f, 1)
			f.shutdown()
			w.requireAll(t, shared, database)
		})
	}
}

// TestWrongPassword: what ClickHouse does not take until the end is counted.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	database := makeTables(t, shared, false)
	f := start(t, "function", direct(shared, database, "ROTEL_CLICKHOUSE_EXPORTER_PASSWORD", "wrong-hush")...)
	var w work
	w.invokeFor(f, 3)
	w.requireOneLineEach(f, "writer: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)")
	f.shutdown()
	said := strings.Join(f.said(), "\n")
	assert.Contains(t, said, fmt.Sprintf("export of traces: %d dropped (shutdown)", w.spans+1), "with the span of the init phase")
	assert.Regexp(t, `export of logs: \d+ dropped \(shutdown\)`, said)
}

// TestWrongKey: the gateway answers 401.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	endpoint, _ := startGateway(t, shared, databaseOf(t), false)
	f := start(t, "function", append(withFile(t, "clickstack.yaml"),
		"CLICKSTACK_ENDPOINT", endpoint, "CLICKSTACK_INGESTION_KEY", "wrong-hush")...)
	var w work
	w.invokeFor(f, 3)
	w.requireOneLineEach(f, "HTTP Status Code 401")
	f.shutdown()
	assert.Empty(t, shared.query(t, fmt.Sprintf("SELECT 1 FROM %s.otel_logs", databaseOf(t))))
	assert.Contains(t, strings.Join(f.said(), "\n"), "dropped (rejected)")
}

// TestUnreadableRecord: a line that ClickHouse cannot read is dropped alone, and said; what is with it arrives.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	database := makeTables(t, shared, true)
	f := start(t, "function", append(
		withFile(t, "full/clickhouse.yaml", append(patient, "database: otel", "database: "+database, "json: false", "json: true")...),
		"CLICKHOUSE_ENDPOINT", shared.url, "CLICKHOUSE_USER", user, "CLICKHOUSE_PASSWORD", password)...)
	var w work
	w.invokeFor(f, 1)
	invocation := f.invoke(`{"steps":[{"lines":20,"prefix":"before"},
		{"log_json":{"message":"twice","http":{"status":200},"http.status":200}},{"lines":20,"prefix":"after"}]}`)
	require.Empty(t, invocation.FunctionError, "%s", invocation.Payload)
	w.invokeFor(f, 2)
	f.shutdown()
	w.requireAll(t, shared, database)
	assert.Len(t, shared.query(t, fmt.Sprintf("SELECT DISTINCT Body FROM %s.otel_logs "+
		"WHERE Body LIKE 'before %%' OR Body LIKE 'after %%'", database)), 40)
	said := strings.Join(f.said(), "\n")
	assert.Contains(t, said, "export of logs: 1 dropped (rejected)")
	assert.Contains(t, said, "(INCORRECT_DATA)")
}

// TestHungServer: a ClickHouse that answers nothing, from the start or from some time on, costs bounded time, and gets
// what was accepted when it is back.
func TestHungServer(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"from the start": 0, "later": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, err := startServer(t.TempDir())
			require.NoError(t, err)
			t.Cleanup(own.stop)
			database := makeTables(t, own, false)
			f := start(t, "function", direct(own, database)...)
			var w work
			w.invokeFor(f, before)
			require.NoError(t, own.command.Process.Signal(syscall.SIGSTOP))
			w.invokeFor(f, 4)
			require.NoError(t, own.command.Process.Signal(syscall.SIGCONT))
			w.invokeFor(f, 2)
			f.shutdown()
			assert.Equal(t, w.lines, w.spans, "exports of the SDK that were accepted")
			w.requireAll(t, own, database)
		})
	}
}
