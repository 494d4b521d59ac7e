// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	requestA = "aaaaaaaa-95b1-4643-9700-2807f4e68189"
	requestB = "bbbbbbbb-95b1-4643-9700-2807f4e68189"
	header   = `"tracing":{"spanId":"24cd7d670fa455f0","type":"X-Amzn-Trace-Id","value":"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1"}`
	xrayID   = "6352a70e1e2c502e358361800241fd45"
	sdkID    = "0102030405060708090a0b0c0d0e0f10"
	otherID  = "ffffffffffffffffffffffffffffffff"
)

// scenario drives a stream as the lifecycle does.
type scenario struct {
	t *testing.T
	*stream
	out *output
}

func newScenario(t *testing.T, invocation string) *scenario {
	cfg := createDefaultConfig().(*Config)
	cfg.Traces.Invocation = invocation
	return &scenario{t, newStream(cfg, &functionSpans{}, noenv, true, observed), newOutput("")}
}

func (s *scenario) events(list ...string) {
	s.take(decode(s.t, "["+strings.Join(list, ",")+"]"), observed, s.out)
}

func (s *scenario) sdk(traceID, requestID string) { s.sdkSpan(traceID, requestID, "") }

func (s *scenario) sdkSpan(traceID, requestID, parent string) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(traceIDOf(traceID))
	span.SetSpanID(pcommon.SpanID{1})
	var parentID pcommon.SpanID
	decodeHex(parentID[:], parent)
	span.SetParentSpanID(parentID)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 1, 2, 3, 4, 5, 5e6, time.UTC)))
	if requestID != "" {
		span.Attributes().PutStr(invocationIDKey, requestID)
	}
	s.joiner.spans.observe(traces)
}

func traceIDOf(text string) (id pcommon.TraceID) {
	decodeHex(id[:], text)
	return id
}

// lines returns the body and the trace of each record that has left.
func (s *scenario) lines() map[string]string {
	lines := map[string]string{}
	for _, lr := range s.out.records.All() {
		lines[lr.Body().Str()] = lr.TraceID().String()
	}
	return lines
}

func begin(id, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"time":"2026-01-02T03:04:05.000Z","type":"platform.start","record":{"requestId":"` + id + `"` + more + `}}`
}

func done(id, status string) string {
	return `{"time":"2026-01-02T03:04:06.000Z","type":"platform.runtimeDone","record":{"requestId":"` + id + `","status":"` + status + `"}}`
}

func line(text string) string {
	return `{"time":"2026-01-02T03:04:05.500Z","type":"function","record":"` + text + `"}`
}

func TestLinesWaitForTheSpansOfTheSDK(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("early"))
	assert.Empty(t, s.lines())
	s.sdk(sdkID, requestA)
	s.events(line("late"))
	assert.Equal(t, map[string]string{"early": sdkID, "late": sdkID}, s.lines())
	s.events(done(requestA, "success"), line("between"))
	assert.Empty(t, s.lines()["between"])
	assert.Zero(t, s.out.spans.Len(), "the SDK has made the span")

	s.events(begin(requestB, ""), line("next"), done(requestB, "success"))
	assert.Empty(t, s.lines()["next"], "not sampled by the SDK")
	assert.Zero(t, s.out.spans.Len())
}

func TestLinesDoNotWaitWithoutAnSDK(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("first"), done(requestA, "success"))
	assert.Equal(t, strings.ReplaceAll(requestA, "-", ""), s.lines()["first"])
	s.events(begin(requestB, header), line("second"))
	assert.Equal(t, xrayID, s.lines()["second"])
	s.events(done(requestB, "success"))
	assert.Equal(t, 2, s.out.spans.Len())
}

func TestSDKThatFollowsXRay(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, header), line("first"))
	s.sdk(xrayID, requestA)
	s.events(done(requestA, "success"))
	s.events(begin(requestB, strings.ReplaceAll(header, "1-6352", "1-0052")), line("second"))
	assert.Equal(t, "0052"+xrayID[4:], s.lines()["second"], "known at once")
}

func TestSpansWithoutAnInvocationID(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("one trace"))
	s.sdk(sdkID, "")
	s.sdk(sdkID, "")
	s.events(done(requestA, "success"))
	assert.Equal(t, sdkID, s.lines()["one trace"])
	assert.Zero(t, s.out.spans.Len(), "the trace has a root")
	s.events(strings.ReplaceAll(begin(requestB, ""), "05.000Z", "06.000Z"), line("next"))
	assert.NotContains(t, s.lines(), "next", "an SDK may send its spans still")
	s.events(done(requestB, "success"))
	assert.Equal(t, strings.ReplaceAll(requestB, "-", ""), s.lines()["next"])
	assert.Equal(t, 1, s.out.spans.Len(), "there was none of the SDK's")

	s = newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("two traces"))
	s.sdk(sdkID, "")
	s.sdk(otherID, "")
	s.events(done(requestA, "success"))
	assert.Equal(t, strings.ReplaceAll(requestA, "-", ""), s.lines()["two traces"])
}

// A trace has one root, and every span a parent that is there.
func TestSpanOfTheInvocation(t *testing.T) {
	t.Parallel()
	const root, segment, upstream = "0100000000000000", "24cd7d670fa455f0", "35465b3a9e2f7c6a"
	for _, tt := range []struct {
		mode   string
		sdk    string // "" none, else whether its span names the invocation
		header string
		status string
		trace  string // of our span; empty for none
		parent string
	}{
		{spanAuto, "", "", "success", strings.ReplaceAll(requestA, "-", ""), ""},
		{spanAuto, "", header, "success", xrayID, upstream},
		{spanAuto, "named", "", "success", "", ""},
		{spanAuto, "named", "", "error", "", ""}, // the SDK's span says so
		{spanAuto, "loose", "", "success", "", ""},
		{spanAuto, "loose", "", "error", sdkID, root},
		{spanAuto, "", "", "timeout", strings.ReplaceAll(requestA, "-", ""), ""},
		{spanAlways, "named", "", "success", sdkID, root},
		{spanAlways, "named", header, "success", sdkID, root},
		{spanNever, "", "", "timeout", "", ""},
	} {
		s := newScenario(t, tt.mode)
		s.events(begin(requestA, tt.header))
		switch tt.sdk {
		case "named":
			s.sdk(sdkID, requestA)
		case "loose":
			s.sdk(sdkID, "")
		}
		s.events(done(requestA, tt.status), done(requestA, tt.status))
		if tt.trace == "" {
			assert.Zero(t, s.out.spans.Len(), "%+v", tt)
			continue
		}
		require.Equal(t, 1, s.out.spans.Len(), "%+v", tt)
		assert.Equal(t, tt.trace, s.out.spans.At(0).TraceID().String(), "%+v", tt)
		assert.Equal(t, tt.parent, s.out.spans.At(0).ParentSpanID().String(), "%+v", tt)
	}
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""))
	s.sdk(sdkID, requestA)
	s.events(done(requestA, "success"), begin(requestB, ""), done(requestB, "timeout"))
	assert.Equal(t, 1, s.out.spans.Len(), "the SDK could not")

	s = newScenario(t, spanAlways)
	s.events(begin(requestA, header))
	s.sdkSpan(xrayID, requestA, segment)
	s.events(done(requestA, "success"))
	assert.Equal(t, segment, s.out.spans.At(0).SpanID().String(), "ours is the parent that the SDK's span names")
	assert.Equal(t, upstream, s.out.spans.At(0).ParentSpanID().String())
}

// The layers of OpenTelemetry start the function: what their SDK does not send has been sampled out.
func TestWrapperOfOpenTelemetry(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.stream = newStream(s.cfg, &functionSpans{}, func(name string) string {
		return map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-handler"}[name]
	}, true, observed)
	s.events(begin(requestA, ""), line("not sampled"), done(requestA, "success"))
	assert.Equal(t, map[string]string{"not sampled": ""}, s.lines())
	assert.Zero(t, s.out.spans.Len())
	s.events(begin(requestB, ""), done(requestB, "timeout"))
	assert.Equal(t, 1, s.out.spans.Len())
}

// Whatever comes in whatever order, with flushes and spans of an SDK in between, each line leaves once, and no more is held
// than is allowed.
func FuzzStream(f *testing.F) {
	f.Add("["+begin(requestA, "")+","+line("a")+"]", "["+line("b")+","+done(requestA, "success")+","+line("c")+"]", true, requestA)
	f.Add("["+begin(requestA, header)+","+line("a")+","+begin(requestB, "")+"]", "["+done(requestB, "timeout")+"]", false, "")
	f.Add("["+line("a")+"]", "["+report(requestA)+","+line("b")+"]", true, requestB)
	f.Fuzz(func(t *testing.T, first, second string, flush bool, sdk string) {
		s := newScenario(t, spanAuto)
		want := 0
		for _, body := range []string{first, second} {
			events, _ := lambdaapi.AppendTelemetry(nil, []byte(body))
			if hasFragment(events) {
				return // FuzzStitch
			}
			for _, e := range events {
				switch e.Type {
				case lambdaapi.FunctionLog, lambdaapi.ExtensionLog, "": // the last is kept as an event without a name
					want++
				}
			}
			s.take(events, observed, s.out)
			require.LessOrEqual(t, s.holder.bytes, maxHeld)
			if flush {
				s.release(s.out)
			}
			s.sdk(sdkID, sdk)
		}
		s.end(observed, s.out)
		s.out.records.RemoveIf(func(lr plog.LogRecord) bool { return lr.EventName() != "" })
		require.Equal(t, want, s.out.records.Len())
		require.LessOrEqual(t, len(s.open), maxOpen)
	})
}

func TestHeldLinesAreBounded(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""))
	long := strings.Repeat("x", 1<<10)
	for range maxHeld / len(long) {
		s.events(line(long))
	}
	assert.NotZero(t, s.out.records.Len())
	s.events(line("not held any more"))
	assert.Contains(t, s.lines(), "not held any more")
	assert.Zero(t, s.holder.lines.Len())
}

func TestFlushLetsGo(t *testing.T) {
	t.Parallel()
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("held"))
	s.release(s.out)
	assert.Equal(t, map[string]string{"held": ""}, s.lines())
	s.events(line("again"))
	s.sdk(sdkID, "")
	s.release(s.out)
	assert.Equal(t, sdkID, s.lines()["again"])
}

// TestLinesWaitForTheSDKBeyondAFlush: in a function with an SDK, lines wait for the trace through the flushes of a long
// invocation, but not for ever.
func TestLinesWaitForTheSDKBeyondAFlush(t *testing.T) {
	t.Parallel()
	s := newTestStream(func(cfg *Config) { cfg.Types = []string{"function"} })
	s.joiner.spans.instrumented = true
	started := observed
	events := `[{"time":"` + started.Format(time.RFC3339Nano) + `","type":"platform.start","record":{"requestId":"id"}},` +
		`{"time":"` + started.Format(time.RFC3339Nano) + `","type":"function","record":"early\n"}]`
	batch, err := lambdaapi.AppendTelemetry(nil, []byte(events))
	require.NoError(t, err)
	out := newOutput("")
	s.take(batch, started, out)
	s.beforeFlush(started.Add(maxHold-time.Millisecond), out)
	assert.Zero(t, out.records.Len())
	s.beforeFlush(started.Add(maxHold), out)
	assert.Equal(t, 1, out.records.Len())
}
