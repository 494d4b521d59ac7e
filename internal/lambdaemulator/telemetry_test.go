// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// lingering subscribes, and keeps its listener open for a while at SHUTDOWN.
const lingering = `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":300}`

func TestTelemetryStream(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": lingering}, func(c *Config) {
		c.LogFormat = LogJSON
		c.MemoryMB = 256
		c.TraceHeader = func(int) string { return "Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=2be948a625588e32;Sampled=1" }
	})
	one := e.invoke(`{"log":["plain","{\"level\":\"INFO\",\"message\":\"object\"}","[1,2]"],"sleepMs":5}`)
	two := e.invoke(`{"log":["second"]}`)
	e.shutdown()
	posts := e.telemetry()
	assert.Equal(t, []string{
		"platform.initStart", "platform.initRuntimeDone", "platform.extension", "platform.initReport",
		"platform.start", `function "plain"`, `function {"level":"INFO","message":"object"}`, `function "[1,2]"`,
		"platform.runtimeDone", "platform.report",
		"platform.start", `function "second"`, "platform.runtimeDone", "platform.report",
	}, stream(posts))

	init := record(t, posts, "platform.initStart", 0)
	assert.Equal(t, "init", init["phase"])
	assert.Equal(t, "on-demand", init["initializationType"])
	assert.InEpsilon(t, 256, init["instanceMaxMemory"], 0)
	assert.Equal(t, "Ready", record(t, posts, "platform.extension", 0)["state"])

	assert.Equal(t, "Subscribed", record(t, posts, "platform.telemetrySubscription", 0)["state"])

	begin := record(t, posts, lambdaapi.PlatformStart, 0)
	assert.Equal(t, one.RequestID, begin["requestId"])
	assert.Equal(t, "$LATEST", begin["version"])
	done := record(t, posts, lambdaapi.PlatformRuntimeDone, 0)
	assert.Equal(t, begin["tracing"], done["tracing"])
	assert.Equal(t, "success", done["status"])
	assert.Len(t, done["spans"], 3)
	assert.InEpsilon(t, len(one.Payload), done["metrics"].(map[string]any)["producedBytes"], 0)
	report := record(t, posts, lambdaapi.PlatformReport, 0)
	metrics := report["metrics"].(map[string]any)
	assert.Equal(t, one.RequestID, report["requestId"])
	assert.InEpsilon(t, milliseconds(one.Duration()), metrics["durationMs"], 0.001)
	assert.InEpsilon(t, milliseconds(one.InitDuration), metrics["initDurationMs"], 0.001)
	assert.GreaterOrEqual(t, metrics["billedDurationMs"], metrics["durationMs"])
	assert.Positive(t, metrics["maxMemoryUsedMB"])
	second := record(t, posts, lambdaapi.PlatformReport, 1)
	assert.Equal(t, two.RequestID, second["requestId"])
	assert.NotContains(t, second["metrics"], "initDurationMs")
}

func TestReportArrivesWithTheNextThaw(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"invokeMs":200}`}, nil)
	e.invoke(`{}`)
	frozen := stream(e.telemetry())
	assert.Contains(t, frozen, "platform.runtimeDone", "the extension was awake long enough")
	assert.NotContains(t, frozen, "platform.report")
	time.Sleep(100 * time.Millisecond) // nothing can be waited for: nothing happens
	assert.Equal(t, frozen, stream(e.telemetry()), "a frozen environment gets nothing")
	e.invoke(`{}`)
	assert.Contains(t, stream(e.telemetry()), "platform.report")
}

func TestNothingIsLostInABurst(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": lingering}, nil)
	const invocations, lines = 10, 200
	var want []string
	for i := range invocations {
		var log []string
		for j := range lines {
			log = append(log, fmt.Sprintf("invocation %d line %d", i, j))
		}
		payload, err := json.Marshal(map[string]any{"log": log})
		require.NoError(t, err)
		e.invoke(string(payload))
		want = append(want, log...)
	}
	e.shutdown()
	var got []string
	for _, event := range stream(e.telemetry()) {
		if text, ok := strings.CutPrefix(event, `function "`); ok {
			got = append(got, strings.TrimSuffix(text, `"`))
		}
	}
	assert.Equal(t, want, got)
	var truth []string
	for _, line := range e.lines("bootstrap", "") {
		truth = append(truth, line.Text)
	}
	assert.Equal(t, want, truth)
}

func TestRefusedBatchesComeAgainInOrder(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":500,"refuse":2}`}, nil)
	e.invoke(`{"log":["one"],"sleepMs":300}`)
	e.invoke(`{"log":["two"],"sleepMs":300}`)
	e.shutdown()
	got := stream(e.telemetry())
	logs := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, "function") })
	assert.Equal(t, []string{`function "one"`, `function "two"`}, logs)
	assert.Equal(t, "platform.initStart", got[0])
	refused := slices.DeleteFunc(e.find(KindTelemetryPost), func(event TimelineEvent) bool {
		return !strings.HasSuffix(event.Detail, ": 503")
	})
	assert.Len(t, refused, 2)
}

func TestOverflowIsReported(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":500,"refuseMs":400}`},
		func(c *Config) { c.TelemetryQueue = 20 })
	log, err := json.Marshal(slices.Repeat([]string{"0123456789"}, 100))
	require.NoError(t, err)
	e.invoke(`{"sleepMs":100}`)
	e.invoke(`{"log":` + string(log) + `,"sleepMs":500}`)
	e.shutdown()
	posts := e.telemetry()
	dropped := record(t, posts, lambdaapi.PlatformLogsDropped, 0)
	records := int(dropped["droppedRecords"].(float64))
	assert.Positive(t, records)
	assert.Positive(t, dropped["droppedBytes"])
	arrived := 0
	for _, event := range stream(posts) {
		if strings.HasPrefix(event, "function") {
			arrived++
		}
	}
	assert.Less(t, arrived, 100)
	assert.GreaterOrEqual(t, arrived+records, 100, "dropped ones are counted, platform events and extension lines, too")
}

func TestTelemetryModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[TelemetrySupport]string{
		TelemetryStub:    `subscribe 202 {"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}`,
		TelemetryMissing: `subscribe 404 404 page not found`,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			e := start(t, map[string]string{"x": both}, func(c *Config) { c.Telemetry = mode })
			assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
			assert.Equal(t, want, e.lines("x", "subscribe")[0].Text)
			assert.Empty(t, e.find(KindTelemetryPost))
		})
	}
}

func TestTelemetryOfAFailedInitIsReplayed(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":300,"silentOnce":true}`},
		func(c *Config) { c.InitTimeout = 200 * time.Millisecond })
	result := e.invoke(`{}`)
	e.shutdown()
	assert.Equal(t, StatusSuccess, result.Status)
	posts := e.telemetry()
	assert.Equal(t, []string{
		"platform.initStart", "platform.initRuntimeDone", "platform.initReport",
		"platform.start", "platform.initStart", "platform.initRuntimeDone", "platform.extension", "platform.initReport",
		"platform.runtimeDone", "platform.report",
	}, stream(posts))
	assert.Equal(t, "timeout", record(t, posts, "platform.initReport", 0)["status"])
	assert.Equal(t, "invoke", record(t, posts, "platform.initReport", 1)["phase"])
}

func TestDecodeSubscription(t *testing.T) {
	t.Parallel()
	const valid = `{"schemaVersion":"2025-01-29","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8990/path"}}`
	request, err := decodeSubscription([]byte(valid))
	require.NoError(t, err)
	assert.Equal(t, lambdaapi.Buffering{MaxItems: 10_000, MaxBytes: 262_144, TimeoutMs: 1_000}, request.Buffering)

	for _, test := range []struct{ old, new, want string }{
		{valid, `[]`, "no subscription"},
		{"2025-01-29", "2021-03-18", "schemaVersion"},
		{`["platform"]`, `[]`, "types must not be empty"},
		{`["platform"]`, `["metrics"]`, `"metrics"`},
		{"HTTP", "TCP", "protocol"},
		{"http:", "https:", "not an http URL"},
		{"http://sandbox.localdomain:8990/path", ":", "not an http URL"},
		{"sandbox.localdomain", "example.com", `host "example.com"`},
		{":8990", ":9001", `port "9001"`},
		{":8990", "", "port"},
		{`"types"`, `"buffering":{"maxItems":10},"types"`, "maxItems is 10"},
		{`"types"`, `"buffering":{"maxBytes":10},"types"`, "maxBytes is 10"},
		{`"types"`, `"buffering":{"timeoutMs":10},"types"`, "timeoutMs is 10"},
	} {
		_, err := decodeSubscription([]byte(strings.Replace(valid, test.old, test.new, 1)))
		assert.ErrorContains(t, err, test.want)
	}
}

func FuzzDecodeSubscription(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":"2025-01-29","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox:1"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if request, err := decodeSubscription(body); err == nil {
			require.NotEmpty(t, request.Types)
			require.GreaterOrEqual(t, request.Buffering.MaxItems, lambdaapi.MinItems)
		}
	})
}

// A record is cut anywhere, inside an escape too, and what was said before and after it is in the bodies with its ends.
func TestLongRecordsAreCut(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": lingering}, nil)
	long := strings.Repeat(`"ä\\`, lambdaapi.MinBytes/4) // the extension subscribes with the least maxBytes
	payload, err := json.Marshal(map[string]any{"log": []string{"before", long, "after"}})
	require.NoError(t, err)
	e.invoke(string(payload))
	e.shutdown()
	var record []byte
	var pieces, around int
	for _, post := range e.telemetry() {
		for i, event := range post {
			switch {
			case event.Fragment != nil:
				record = append(record, event.Fragment...)
				pieces++
				assert.True(t, i == 0 || i == len(post)-1, "a piece is at an end of its body")
			case event.Type == lambdaapi.FunctionLog:
				around++
			}
		}
	}
	want, err := json.Marshal(long)
	require.NoError(t, err)
	assert.True(t, string(want) == string(record), "%d bytes instead of %d", len(record), len(want))
	assert.Equal(t, (len(want)+lambdaapi.MinBytes-1)/lambdaapi.MinBytes, pieces)
	assert.Equal(t, 2, around)
}

func TestEncodeLines(t *testing.T) {
	t.Parallel()
	for text, structured := range map[string]bool{
		`{"a":1}`: true, ` {"a":1} `: true, `{}`: true, `{"a":`: false, `[1]`: false, `"a"`: false, `1`: false, `null`: false, "a\x00\xff": false,
	} {
		line := event{kind: lambdaapi.FunctionLog, record: text}
		for _, format := range []bool{true, false} {
			pieces := line.encode(format, lambdaapi.MaxBytes)
			require.Len(t, pieces, 1)
			decoded, err := lambdaapi.AppendTelemetry(nil, []byte("["+string(pieces[0])+"]"))
			require.NoError(t, err)
			assert.Equal(t, structured && format, decoded[0].Record[0] == '{', "%q", text)
		}
	}
}
