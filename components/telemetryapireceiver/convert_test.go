// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew; read the difference before you commit it")

// observed is when the receiver got every batch of these tests.
var observed = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newTestStream returns a stream of all types without traces.
func newTestStream(change ...func(*Config)) *testStream {
	cfg := createDefaultConfig().(*Config)
	cfg.Types = []string{"platform", "function", "extension"}
	for _, c := range change {
		c(cfg)
	}
	return &testStream{newStream(cfg, &functionSpans{}, noenv, false, observed)}
}

type testStream struct{ *stream }

// logs converts a batch; nothing is held back.
func (s *testStream) logs(events []lambdaapi.TelemetryEvent, now time.Time) plog.Logs {
	out := newOutput("1.2.3")
	s.take(events, now, out)
	s.release(out)
	return out.logs
}

// spoil overwrites events and their records, as the next batch does.
func spoil(events []lambdaapi.TelemetryEvent) {
	for _, e := range events {
		clear(e.Record)
		clear(e.Fragment)
	}
	clear(events)
}

// TestGolden converts each testdata/<case>.json, the raw body of a Telemetry API POST, and compares the log records with
// <case>.yaml, and spans and metrics, if any, with <case>.traces.yaml and <case>.metrics.yaml.
// Cases whose name begins with managed_instances run as on Lambda Managed Instances.
func TestGolden(t *testing.T) {
	t.Parallel()
	bodies, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, bodies)
	for _, path := range bodies {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			env := map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "my-function"}
			if strings.HasPrefix(name, "managed_instances") {
				env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances"
			}
			cfg := createDefaultConfig().(*Config)
			cfg.Types = []string{"platform", "function", "extension"}
			s := newStream(cfg, &functionSpans{}, func(key string) string { return env[key] }, true, observed)
			next := byte(0)
			s.tracer.random = func(id []byte) {
				next++
				for i := range id {
					id[i] = next
				}
			}
			got := newOutput("1.2.3")
			events := decode(t, string(body))
			s.take(events, observed, got)
			spoil(events)
			s.end(observed, got)
			if s.measures.changed {
				s.measures.export(observed.Add(time.Second), pmetric.AggregationTemporalityDelta, got.metrics.ResourceMetrics().AppendEmpty(), "1.2.3")
			}
			compareGolden(t, strings.TrimSuffix(path, ".json"), got)
		})
	}
}

func compareGolden(t *testing.T, path string, got *output) {
	t.Helper()
	logs, traces, metrics := path+".yaml", path+".traces.yaml", path+".metrics.yaml"
	if *update {
		require.NoError(t, golden.WriteLogsToFile(logs, got.logs))
		if got.spans.Len() > 0 {
			require.NoError(t, golden.WriteTracesToFile(traces, got.traces))
		}
		if got.metrics.MetricCount() > 0 {
			require.NoError(t, golden.WriteMetricsToFile(metrics, got.metrics))
		}
	}
	wantLogs, err := golden.ReadLogs(logs)
	require.NoError(t, err)
	assert.NoError(t, plogtest.CompareLogs(wantLogs, got.logs))
	wantTraces := newOutput("1.2.3").traces
	if _, err := os.Stat(traces); err == nil {
		wantTraces, err = golden.ReadTraces(traces)
		require.NoError(t, err)
	}
	assert.NoError(t, ptracetest.CompareTraces(wantTraces, got.traces))
	wantMetrics := pmetric.NewMetrics()
	if _, err := os.Stat(metrics); err == nil {
		wantMetrics, err = golden.ReadMetrics(metrics)
		require.NoError(t, err)
	}
	assert.NoError(t, pmetrictest.CompareMetrics(wantMetrics, got.metrics, pmetrictest.IgnoreStartTimestamp(), pmetrictest.IgnoreTimestamp()))
}

// convertOne converts the record of one function event of 2026-01-02T03:04:05.678Z.
func convertOne(t testing.TB, record string) plog.LogRecord {
	t.Helper()
	logs := newTestStream().logs(decode(t, `[{"time":"2026-01-02T03:04:05.678Z","type":"function","record":`+record+`}]`), observed)
	require.Equal(t, 1, logs.LogRecordCount())
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// invocationID returns the attribute, empty if there is none.
func invocationID(lr plog.LogRecord) string {
	if id, ok := lr.Attributes().Get(invocationIDKey); ok {
		return id.Str()
	}
	return ""
}

func TestTypes(t *testing.T) {
	t.Parallel()
	const batch = `[{"type":"function","record":"f"},{"type":"extension","record":"e"},{"type":"platform.start","record":{}},{"type":"platform.logsDropped","record":{}}]`
	for want, types := range map[string][]string{
		`[{}]`:        nil,
		`[f {}]`:      {"function"},
		`[e {}]`:      {"extension"},
		`[{} {}]`:     {"platform"},
		`[f e {} {}]`: {"platform", "function", "extension"},
	} {
		logs := newTestStream(func(cfg *Config) { cfg.Types = types }).logs(decode(t, batch), observed)
		var bodies []string
		for _, lr := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			bodies = append(bodies, lr.Body().Str())
		}
		assert.Equal(t, want, fmt.Sprint(bodies))
	}
}

// The current invocation outlives a batch, ends with its own runtimeDone only, and is none on Managed Instances.
func TestInvocationID(t *testing.T) {
	t.Parallel()
	steps := []struct{ events, want string }{
		{`{"type":"function","record":"init"}`, ""},
		{`{"type":"platform.start","record":{"requestId":"a"}},{"type":"function","record":"x"}`, "a"},
		{`{"type":"function","record":"next batch"}`, "a"},
		{`{"type":"platform.runtimeDone","record":{"requestId":"z"}},{"type":"function","record":"another's end"}`, "a"},
		{`{"type":"platform.runtimeDone","record":"?"},{"type":"function","record":"unreadable end"}`, "a"},
		{`{"type":"function","record":{"message":"late","requestId":"79b4f56e-95b1-4643-9700-2807f4e68189"}}`, "79b4f56e-95b1-4643-9700-2807f4e68189"},
		{`{"type":"platform.runtimeDone","record":{"requestId":"a"}},{"type":"function","record":"between"}`, ""},
		{`{"type":"platform.start","record":{"requestId":"b"}},{"type":"function","record":"y"}`, "b"},
		{`{"type":"platform.start","record":{"requestId":"c"}},{"type":"function","record":"b had no end"}`, "c"},
	}
	c, interleaved := newTestStream(), newTestStream()
	interleaved.interleaved = true
	id := func(c *testStream, events string) string {
		records := c.logs(decode(t, "["+events+"]"), observed).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		return invocationID(records.At(records.Len() - 1))
	}
	for _, step := range steps {
		want := step.want
		assert.Equal(t, want, id(c, step.events), step.events)
		if len(want) < 36 { // not from the record itself
			want = ""
		}
		assert.Equal(t, want, id(interleaved, step.events), step.events)
	}
}

// Trap: user keys are never overwritten.
func TestUserKeysStay(t *testing.T) {
	t.Parallel()
	const id = "79b4f56e-95b1-4643-9700-2807f4e68189"
	for record, want := range map[string]map[string]any{
		`{"message":"m","type":"order","level":7,"requestId":"req-7"}`:                  {"type": "order", "level": int64(7), "requestId": "req-7"},
		`{"message":"m","faas.invocation_id":"mine","requestId":"` + id + `"}`:          {"faas.invocation_id": "mine", "requestId": id},
		`{"message":"m","errorType":"E","exception.type":"mine","stackTrace":["a",1]}`:  {"exception.type": "mine", "errorType": "E", "stackTrace": []any{"a", int64(1)}},
		`{"message":"m","msg":"second","level":"INFO","severity":"low"}`:                {"msg": "second", "severity": "low"},
		`{"message":"m","timestamp":"yesterday","time":"2026-01-02T03:04:06Z"}`:         {"timestamp": "yesterday"},
		`{"message":"m","trace_id":"none","span_id":"0000000000000000"}`:                {"trace_id": "none", "span_id": "0000000000000000"},
		`{"message":"m","errorMessage":null,"errorType":{"a":[true,null]}}`:             {"errorMessage": nil, "errorType": map[string]any{"a": []any{true, nil}}},
		`{"message":"m","big":18446744073709551616,"float":1.5,"huge":1e999,"exp":1e3}`: {"big": "18446744073709551616", "float": 1.5, "huge": "1e999", "exp": 1000.0},
	} {
		lr := convertOne(t, record)
		assert.Equal(t, want, lr.Attributes().AsRaw(), record)
		assert.Equal(t, "m", lr.Body().Str(), record)
	}
}

// Trap: the body is never empty, and nothing is dropped.
func TestBody(t *testing.T) {
	t.Parallel()
	for record, want := range map[string]any{
		`"line\n"`:                      "line",
		`"two\nlines\n\n"`:              "two\nlines\n",
		`"a\rb"`:                        "a\rb",
		`"\n"`:                          "\n",
		"\"a\xff\"":                     "a\uFFFD",
		`{"message":"m"}`:               "m",
		`"{\"message\":\"m\"}\n"`:       "m",
		`{"msg":"m"}`:                   "m",
		`{"message":{"a":[1]}}`:         map[string]any{"a": []any{int64(1)}},
		`{"message":0}`:                 int64(0),
		`{"message":null}`:              `{"message":null}`,
		`{"message":""}`:                `{"message":""}`,
		`{"a":1}`:                       `{"a":1}`,
		"{\"a\":\"\xff\"}":              "{\"a\":\"\uFFFD\"}",
		`{}`:                            `{}`,
		`{"fields":{"message":"rust"}}`: "rust",
		`{"fields":{"message":7}}`:      `{"fields":{"message":7}}`,
		`{"fields":"x"}`:                `{"fields":"x"}`,
		`{"errorMessage":"boom"}`:       "boom",
		`7`:                             "7",
		`[1, 2]`:                        "[1, 2]",
		`null`:                          "null",
		`true`:                          "true",
		`"{not json}"`:                  "{not json}",
		`"{\"a\":1} and more"`:          `{"a":1} and more`,
		`"[INFO] Hello world"`:          "[INFO] Hello world",
	} {
		lr := convertOne(t, record)
		assert.Equal(t, want, lr.Body().AsRaw(), record)
	}
}

func TestTextFormats(t *testing.T) {
	t.Parallel()
	const id = "79b4f56e-95b1-4643-9700-2807f4e68189"
	eventTime := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	lineTime := time.Date(2026, 1, 2, 3, 4, 5, 123e6, time.UTC)
	for line, want := range map[string]struct {
		severity plog.SeverityNumber
		text     string
		at       time.Time
		id       string
	}{
		"2026-01-02T03:04:05.123Z\t" + id + "\tINFO\tnode":                       {plog.SeverityNumberInfo, "INFO", lineTime, id},
		"2026-01-02T03:04:05.123Z\tundefined\tWARN\tnode, init":                  {plog.SeverityNumberWarn, "WARN", lineTime, ""},
		"2026-01-02T03:04:05.123Z\t" + id + "\tfail\t.NET":                       {plog.SeverityNumberError, "fail", lineTime, id},
		"2026-01-02T03:04:05.123Z\t\tcrit\t.NET, init":                           {plog.SeverityNumberFatal, "crit", lineTime, ""},
		"[WARNING]\t2026-01-02T03:04:05.123Z\t" + id + "\tpython":                {plog.SeverityNumberWarn, "WARNING", lineTime, id},
		"[DEBUG]\t2026-01-02T03:04:05.123Z\t\tpython, init":                      {plog.SeverityNumberDebug, "DEBUG", lineTime, ""},
		"[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File …": {plog.SeverityNumberError, "ERROR", eventTime, ""},
		"[INFO] java":                {plog.SeverityNumberInfo, "INFO", eventTime, ""},
		"[INFO]":                     {at: eventTime},
		"[info] anyone's":            {at: eventTime},
		"ERROR otelcol-lambda: ours": {plog.SeverityNumberError, "ERROR", eventTime, ""},
		"Error in the beginning":     {at: eventTime},
		"2026-01-02 03:04:05 " + id + " INFO  log4j2":               {plog.SeverityNumberInfo, "INFO", eventTime, id},
		"2026-01-02 03:04:05.123 [main] WARN  logback":              {plog.SeverityNumberWarn, "WARN", lineTime, ""},
		"2026-01-02T03:04:05.123Z one two three four INFO anyone's": {at: eventTime},
		"2026-01-02 is the day, INFO":                               {at: eventTime},
		"I, [2026-01-02T03:04:05.123 #8]  INFO -- " + id + ": ruby": {plog.SeverityNumberInfo, "INFO", lineTime, id},
		"A, [2026-01-02T03:04:05.123 #8]   ANY -- : ruby":           {0, "ANY", lineTime, ""},
		"I, [2026-01-02T03:04:05.123 #8]  WARN -- : not ruby":       {at: eventTime},
		"time=2026-01-02T03:04:05.123Z level=ERROR msg=slog":        {plog.SeverityNumberError, "ERROR", lineTime, ""},
		"time=now msg=anyone's":                                     {at: eventTime},
		"[Cache] anyone's":                                          {at: eventTime},
		"ERROR: anyone's":                                           {at: eventTime},
		"2026-01-02T03:04:05.123Z\tnot\ta level\tx":                 {at: eventTime},
		"2026-01-02\t" + id + "\tINFO\tno time":                     {at: eventTime},
		"3 rows":                                                    {at: eventTime},
		"bare":                                                      {at: eventTime},
		"":                                                          {at: eventTime},
	} {
		var c converter
		lr := plog.NewLogRecord()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(eventTime))
		c.text(lr, line, eventTime)
		assert.Equal(t, line, lr.Body().Str())
		assert.Equal(t, want.severity, lr.SeverityNumber(), line)
		assert.Equal(t, want.text, lr.SeverityText(), line)
		assert.Equal(t, want.at, lr.Timestamp().AsTime(), line)
		assert.Equal(t, want.id, invocationID(lr), line)
	}
}

// Trap: a bad timestamp keeps its record, and the record its batch.
func TestTime(t *testing.T) {
	t.Parallel()
	eventTime := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for record, want := range map[string]time.Time{
		`{"timestamp":"2026-01-02T03:04:05.001Z"}`:      eventTime.Truncate(time.Second).Add(time.Millisecond),
		`{"timestamp":"2026-01-02T04:04:05.001+01:00"}`: eventTime.Truncate(time.Second).Add(time.Millisecond),
		`{"timestamp":"2026-01-02T03:04:05Z"}`:          eventTime,
		`{"timestamp":"2026-01-02T03:04:06Z"}`:          eventTime,
		`{"timestamp":"2026-01-02T03:04:01Z"}`:          eventTime.Truncate(time.Second).Add(-4 * time.Second),
		`{"timestamp":"2020-05-24 18:17:33,774+0000"}`:  time.Date(2020, 5, 24, 18, 17, 33, 774e6, time.UTC),
		`{"timestamp":"2026-01-02 03:04:01.001"}`:       eventTime.Truncate(time.Second).Add(-4*time.Second + time.Millisecond),
		`{"time":1767323041001}`:                        eventTime.Truncate(time.Second).Add(-4*time.Second + time.Millisecond),
		`{"ts":1767323041.001}`:                         eventTime.Truncate(time.Second).Add(-4*time.Second + time.Millisecond),
		`{"time":1767323041001000}`:                     eventTime.Truncate(time.Second).Add(-4*time.Second + time.Millisecond),
		`{"time":1767323041001000000}`:                  eventTime.Truncate(time.Second).Add(-4*time.Second + time.Millisecond),
		`{"time":1500000000000}`:                        eventTime,
		`{"time":1e999}`:                                eventTime,
		`{"time":-1}`:                                   eventTime,
		`{"timestamp":"0001-01-01T00:00:00Z"}`:          eventTime,
		`{"timestamp":"9999-01-01T00:00:00.1Z"}`:        eventTime,
		`{"timestamp":1767323045}`:                      eventTime,
		`"text"`:                                        eventTime,
	} {
		lr := convertOne(t, record)
		assert.Equal(t, want, lr.Timestamp().AsTime(), record)
		assert.Equal(t, observed, lr.ObservedTimestamp().AsTime())
	}
	logs := newTestStream().logs(decode(t, `[{"time":"12:01:23:521Z","type":"function","record":"a"}]`), observed)
	assert.Equal(t, observed, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Timestamp().AsTime())
}

// Values that would cost too much as maps and slices, or that a backend's decoder would refuse, are text.
func TestLimits(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	value, _ := convertOne(t, `{"message":"m","deep":`+deep+`}`).Attributes().Get("deep")
	depth := 0
	for ; value.Type() == pcommon.ValueTypeSlice; depth++ {
		value = value.Slice().At(0)
	}
	assert.Equal(t, maxDepth-1, depth)
	assert.Equal(t, strings.Repeat("[", 100-depth)+strings.Repeat("]", 100-depth), value.Str())

	var members []string
	for i := range maxMembers + 1 {
		members = append(members, fmt.Sprintf(`"%d":0`, i))
	}
	wide := `{"level":"WARN","message":"m",` + strings.Join(members, ",") + `}`
	lr := convertOne(t, wide)
	assert.Equal(t, wide, lr.Body().Str())
	assert.Zero(t, lr.Attributes().Len())
	assert.Equal(t, plog.SeverityNumberWarn, lr.SeverityNumber())
	value, _ = convertOne(t, `{"message":"m","wide":`+wide+`}`).Attributes().Get("wide")
	assert.Equal(t, wide, value.Str())
}

func FuzzConvert(f *testing.F) {
	bodies, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, path := range bodies {
		body, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, _ := lambdaapi.AppendTelemetry(nil, body)
		if hasFragment(events) {
			return // FuzzStitch
		}
		texts := make([]string, len(events)) // empty for an empty line only
		for i := range events {
			texts[i] = "-"
			if text, isText := events[i].Text(); isText {
				texts[i] = text
			}
		}
		stream := newTestStream()
		stream.joiner.completed = true // so that the order stays
		logs := stream.logs(events, observed)
		spoil(events)
		records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		records.RemoveIf(func(lr plog.LogRecord) bool { return lr.EventName() == exceptionEvent })
		require.Equal(t, len(texts), records.Len())
		for i, lr := range records.All() {
			require.NotZero(t, lr.Timestamp())
			require.True(t, utf8.ValidString(lr.Body().AsString()+lr.SeverityText()+fmt.Sprint(lr.Attributes().AsRaw())))
			if texts[i] != "" {
				require.False(t, lr.Body().Type() == pcommon.ValueTypeEmpty || lr.Body().Type() == pcommon.ValueTypeStr && lr.Body().Str() == "")
			}
		}
		// What we send must be what a backend can read.
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
		require.NoError(t, err)
		back, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(wire)
		require.NoError(t, err)
		require.NoError(t, plogtest.CompareLogs(logs, back, plogtest.IgnoreLogRecordsOrder()))
	})
}
