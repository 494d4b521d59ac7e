// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func event(t *testing.T, wire string) lambdaapi.TelemetryEvent {
	t.Helper()
	events, err := lambdaapi.AppendTelemetry(nil, []byte("["+wire+"]"))
	require.NoError(t, err)
	require.Len(t, events, 1)
	return events[0]
}

func TestStart(t *testing.T) {
	t.Parallel()
	got, err := event(t, `{"time":"2022-10-21T14:05:03.165Z","type":"platform.start","record":{"requestId":"459921b5","version":"$LATEST","tenantId":"blue","tracing":{"spanId":"24cd7d670fa455f0","type":"X-Amzn-Trace-Id","value":"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1"}}}`).Start()
	require.NoError(t, err)
	assert.Equal(t, lambdaapi.Start{
		RequestID: "459921b5",
		Version:   "$LATEST",
		TenantID:  "blue",
		Tracing: lambdaapi.Tracing{
			SpanID: "24cd7d670fa455f0",
			Type:   "X-Amzn-Trace-Id",
			Value:  "Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1",
		},
	}, got)
}

func TestRuntimeDone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		record string
		want   lambdaapi.RuntimeDone
	}{
		"success": {
			`{"requestId":"459921b5","status":"success","spans":[{"name":"responseLatency","start":"12:01:23:521Z","durationMs":2598.0}],"metrics":{"durationMs":2599.25,"producedBytes":8}}`,
			lambdaapi.RuntimeDone{RequestID: "459921b5", Status: lambdaapi.StatusSuccess, Metrics: lambdaapi.RuntimeDoneMetrics{Duration: new(lambdaapi.Milliseconds(2599.25)), ProducedBytes: new(float64(8))},
				Spans: []lambdaapi.Span{{Name: "responseLatency", Duration: new(lambdaapi.Milliseconds(2598))}}},
		},
		"cut short, without metrics": {
			`{"requestId":"459921b5","status":"timeout","errorType":"Sandbox.Timeout"}`,
			lambdaapi.RuntimeDone{RequestID: "459921b5", Status: lambdaapi.StatusTimeout, ErrorType: "Sandbox.Timeout"},
		},
		"metrics null": {
			`{"requestId":"459921b5","status":"failure","metrics":null}`,
			lambdaapi.RuntimeDone{RequestID: "459921b5", Status: lambdaapi.StatusFailure},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := event(t, `{"type":"platform.runtimeDone","record":`+tt.record+`}`).RuntimeDone()
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		record string
		want   lambdaapi.Report
	}{
		"cold start": {
			`{"requestId":"459921b5","status":"success","metrics":{"durationMs":2599.4,"billedDurationMs":3149,"memorySizeMB":128,"maxMemoryUsedMB":94,"initDurationMs":549.04}}`,
			lambdaapi.Report{RequestID: "459921b5", Status: lambdaapi.StatusSuccess, Metrics: lambdaapi.ReportMetrics{
				Duration: new(lambdaapi.Milliseconds(2599.4)), BilledDuration: new(lambdaapi.Milliseconds(3149)), InitDuration: new(lambdaapi.Milliseconds(549.04)), MemorySizeMB: new(float64(128)), MaxMemoryUsedMB: new(float64(94)),
			}},
		},
		"SnapStart restore": {
			`{"requestId":"r","status":"success","metrics":{"durationMs":147.156,"billedDurationMs":201.0,"memorySizeMB":512,"maxMemoryUsedMB":91,"restoreDurationMs":500.795,"billedRestoreDurationMs":53}}`,
			lambdaapi.Report{RequestID: "r", Status: lambdaapi.StatusSuccess, Metrics: lambdaapi.ReportMetrics{
				Duration: new(lambdaapi.Milliseconds(147.156)), BilledDuration: new(lambdaapi.Milliseconds(201)), RestoreDuration: new(lambdaapi.Milliseconds(500.795)), BilledRestoreDuration: new(lambdaapi.Milliseconds(53)), MemorySizeMB: new(float64(512)), MaxMemoryUsedMB: new(float64(91)),
			}},
		},
		"Managed Instances": {
			`{"requestId":"lmi-1","status":"timeout","metrics":{"durationMs":125.456}}`,
			lambdaapi.Report{RequestID: "lmi-1", Status: lambdaapi.StatusTimeout, Metrics: lambdaapi.ReportMetrics{Duration: new(lambdaapi.Milliseconds(125.456))}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := event(t, `{"type":"platform.report","record":`+tt.record+`}`).Report()
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestLogsDropped(t *testing.T) {
	t.Parallel()
	got, err := event(t, `{"type":"platform.logsDropped","record":{"droppedBytes":12345,"droppedRecords":123,"reason":"slow"}}`).LogsDropped()
	require.NoError(t, err)
	assert.Equal(t, lambdaapi.LogsDropped{Bytes: 12345, Records: 123, Reason: "slow"}, got)
}

// The request id decides which invocation is over: nothing else in the record may hide it.
func TestPlatformRecordKeepsItsRequestID(t *testing.T) {
	t.Parallel()
	done, err := event(t, `{"type":"platform.runtimeDone","record":{"status":7,"metrics":"none","requestId":"459921b5"}}`).RuntimeDone()
	require.ErrorContains(t, err, "decode platform.runtimeDone record: ")
	assert.Equal(t, "459921b5", done.RequestID)

	report, err := event(t, `{"type":"platform.report","record":{"metrics":{"durationMs":"1"},"requestId":"459921b5"}}`).Report()
	require.Error(t, err)
	assert.Equal(t, "459921b5", report.RequestID)
}

func TestPlatformRecordOfAnotherEvent(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{
		`{"type":"platform.start","record":{"requestId":"459921b5"}}`,
		`{"type":"platform.runtimeDone"}`,
		`{"type":"platform.runtimeDone","record":"text"}`,
		`{"type":"platform.runtimeDone","record":[1]}`,
	} {
		done, err := event(t, wire).RuntimeDone()
		require.Error(t, err)
		assert.Empty(t, done.RequestID)
	}
	_, err := event(t, `{"type":"function","record":"text"}`).Report()
	assert.EqualError(t, err, `telemetry event is "function", not "platform.report"`)
}

func TestMilliseconds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 125456*time.Microsecond, lambdaapi.Milliseconds(125.456).Duration())
}

func TestInit(t *testing.T) {
	t.Parallel()
	const record = `{"initializationType":"on-demand","phase":"init","instanceId":"i","status":"error","errorType":"Runtime.ExitError","instanceMaxMemory":"256","metrics":{"durationMs":125.5}}`
	for _, kind := range []string{lambdaapi.PlatformInitStart, lambdaapi.PlatformInitReport, lambdaapi.PlatformRestoreReport} {
		got, err := event(t, `{"type":"`+kind+`","record":`+record+`}`).Init()
		require.NoError(t, err)
		want := lambdaapi.Init{Type: "on-demand", Phase: "init", InstanceID: "i", Status: lambdaapi.StatusError, ErrorType: "Runtime.ExitError"}
		want.Metrics.Duration = new(lambdaapi.Milliseconds(125.5))
		assert.Equal(t, want, got)
	}
}
