// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const invocationID = "faas.invocation_id"

// tally compares what was sent with what arrived.
type tally struct {
	sent, arrived, lost, duplicated int
}

// logKey is what identifies a log line at the other end: its text, and the invocation that wrote it if that is known.
type logKey struct{ invocation, body string }

// tallyLogs compares the lines that the function wrote with the log records that arrived. Records that are no line of
// the function's are others.
func tallyLogs(lines []lambdaemulator.LogLine, records []otlpbackend.LogRecord) (t tally, others int) {
	pool := map[logKey]int{} // records that no line was found for yet
	for _, r := range records {
		id, _ := r.Attributes[invocationID].(string)
		pool[logKey{id, canonical(r.Body)}]++
	}
	written := map[string]bool{} // what the bodies of the function's lines may be
	for _, line := range lines {
		if line.Source != lambdaemulator.SourceFunction {
			continue
		}
		t.sent++
		bodies := bodiesOf(line.Text)
		for _, body := range bodies {
			written[body] = true
		}
		if take(pool, line.RequestID, bodies) {
			t.arrived++
		} else {
			t.lost++
		}
	}
	for key, left := range pool {
		if written[key.body] {
			t.duplicated += left
		} else {
			others += left
		}
	}
	return t, others
}

// take takes a record from the pool that is a line of the invocation, or one of an unknown invocation.
func take(pool map[logKey]int, invocation string, bodies []string) bool {
	for _, id := range []string{invocation, ""} {
		for _, body := range bodies {
			if key := (logKey{id, body}); pool[key] > 0 {
				pool[key]--
				return true
			}
		}
	}
	return false
}

// bodiesOf returns the bodies that the log record of a line may have: the line itself or, if it is a JSON object, a part
// that stands for it.
func bodiesOf(line string) []string {
	bodies := []string{canonical(line)}
	var object map[string]any
	if json.Unmarshal([]byte(line), &object) != nil {
		return bodies
	}
	for _, key := range []string{"message", "msg", "errorMessage"} {
		switch part := object[key].(type) {
		case nil:
		case string:
			bodies = append(bodies, canonical(part))
		default:
			if text, err := json.Marshal(part); err == nil {
				bodies = append(bodies, string(text))
			}
		}
	}
	return bodies
}

// canonical makes two spellings of the same JSON value equal. Other text stays as it is.
func canonical(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(encoded)
}

// functionSpans are those that the function has made. The others are made of Lambda's own events by the layer.
func functionSpans(spans []otlpbackend.Span) []otlpbackend.Span {
	const ofLambda = "/telemetryapireceiver" // the end of the scope's name
	return slices.DeleteFunc(slices.Clone(spans), func(s otlpbackend.Span) bool { return strings.HasSuffix(s.Scope, ofLambda) })
}

// tallySpans compares what the invocations said that they sent with the function's spans that arrived. The silent are the
// invocations that did not say.
func tallySpans(invocations []lambdaemulator.Invocation, all []otlpbackend.Span) (t tally, silent int) {
	spans := functionSpans(all)
	unclaimed := map[string]bool{} // the spans that arrived, by id, but for those that were announced by id
	for _, s := range spans {
		unclaimed[s.SpanID] = true
	}
	t.arrived = len(unclaimed)
	t.duplicated = len(spans) - len(unclaimed)
	counted := 0 // announced by number
	for _, invocation := range invocations {
		number, ids, ok := saidSpans(invocation)
		if !ok {
			silent++
			continue
		}
		counted += number
		t.sent += number + len(ids)
		for _, id := range ids {
			if !unclaimed[id] {
				t.lost++
			}
			delete(unclaimed, id)
		}
	}
	t.lost += max(0, counted-len(unclaimed))
	return t, silent
}

// saidSpans returns the spans that an invocation says it sent: their number, or their ids.
func saidSpans(invocation lambdaemulator.Invocation) (number int, ids []string, ok bool) {
	payload := invocation.Payload
	if invocation.FunctionError != "" {
		var failure struct{ ErrorMessage string }
		if json.Unmarshal(payload, &failure) != nil {
			return 0, nil, false
		}
		payload = []byte(failure.ErrorMessage)
	}
	var said struct{ Spans json.RawMessage }
	if json.Unmarshal(payload, &said) != nil || len(said.Spans) == 0 || string(said.Spans) == "null" {
		return 0, nil, false
	}
	if json.Unmarshal(said.Spans, &number) == nil {
		return number, nil, number >= 0
	}
	err := json.Unmarshal(said.Spans, &ids)
	return 0, ids, err == nil
}
