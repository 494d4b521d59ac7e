// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

func line(invocation, text string) lambdaemulator.LogLine {
	return lambdaemulator.LogLine{Source: lambdaemulator.SourceFunction, RequestID: invocation, Text: text}
}

func record(invocation, body string) otlpbackend.LogRecord {
	r := otlpbackend.LogRecord{Body: body, Attributes: map[string]any{}}
	if invocation != "" {
		r.Attributes[invocationID] = invocation
	}
	return r
}

func TestTallyLogs(t *testing.T) {
	t.Parallel()
	type (
		lines   = []lambdaemulator.LogLine
		records = []otlpbackend.LogRecord
	)
	tests := []struct {
		name    string
		lines   lines
		records records
		want    tally
		others  int
	}{
		{"nothing", nil, nil, tally{}, 0},
		{"text", lines{line("1", "a")}, records{record("1", "a")}, tally{1, 1, 0, 0}, 0},
		{"no invocation on the record", lines{line("1", "a")}, records{record("", "a")}, tally{1, 1, 0, 0}, 0},
		{"line of no invocation", lines{line("", "a")}, records{record("", "a")}, tally{1, 1, 0, 0}, 0},
		{"lost", lines{line("1", "a"), line("1", "a")}, records{record("1", "a")}, tally{2, 1, 1, 0}, 0},
		{"duplicated", lines{line("1", "a")}, records{record("1", "a"), record("1", "a")}, tally{1, 1, 0, 1}, 0},
		{
			"a loss and a duplicate do not make up for each other", lines{line("1", "a"), line("2", "a")},
			records{record("1", "a"), record("1", "a")}, tally{2, 1, 1, 1}, 0,
		},
		{"message of an object", lines{line("1", `{"message":"a","level":"INFO"}`)}, records{record("1", "a")}, tally{1, 1, 0, 0}, 0},
		{"message that is no text", lines{line("1", `{"msg":{"x": [1]}}`)}, records{record("1", `{"x":[1]}`)}, tally{1, 1, 0, 0}, 0},
		{"object as the body", lines{line("1", `{"b":1, "a":2}`)}, records{record("1", `{"a":2,"b":1}`)}, tally{1, 1, 0, 0}, 0},
		{"others", lines{line("1", "a")}, records{record("", "platform"), record("1", "a")}, tally{1, 1, 0, 0}, 1},
		{
			"line of an extension", lines{{Source: lambdaemulator.SourceExtension, Text: "x"}},
			records{record("", "x")}, tally{}, 1,
		},
	}
	for _, tt := range tests {
		got, others := tallyLogs(tt.lines, tt.records)
		assert.Equal(t, tt.want, got, tt.name)
		assert.Equal(t, tt.others, others, tt.name)
	}
}

func TestTallySpans(t *testing.T) {
	t.Parallel()
	type payloads = []string
	tests := []struct {
		name   string
		said   payloads
		ids    []string // of the spans that arrived
		want   tally
		silent int
	}{
		{"nothing", nil, nil, tally{}, 0},
		{"number", payloads{`{"spans":2}`, `{"spans":0}`}, []string{"a", "b"}, tally{2, 2, 0, 0}, 0},
		{"number, lost", payloads{`{"spans":2}`, `{"spans":1}`}, []string{"a", "b"}, tally{3, 2, 1, 0}, 0},
		{"ids", payloads{`{"spans":["a"]}`, `{"spans":["b"]}`}, []string{"b", "a"}, tally{2, 2, 0, 0}, 0},
		{"ids, lost in spite of others", payloads{`{"spans":["a"]}`}, []string{"x"}, tally{1, 1, 1, 0}, 0},
		{"ids do not count twice", payloads{`{"spans":["a"]}`, `{"spans":1}`}, []string{"a"}, tally{2, 1, 1, 0}, 0},
		{"duplicated", payloads{`{"spans":1}`}, []string{"a", "a", "a"}, tally{1, 1, 0, 2}, 0},
		{"silent", payloads{`{}`, `null`, `"x"`, `{"spans":null}`, `{"spans":"x"}`, `{"spans":-1}`}, []string{"a"}, tally{0, 1, 0, 0}, 6},
	}
	for _, tt := range tests {
		var invocations []lambdaemulator.Invocation
		for _, payload := range tt.said {
			invocations = append(invocations, lambdaemulator.Invocation{Payload: []byte(payload)})
		}
		ofLambda := otlpbackend.Span{SpanID: "of Lambda"}
		ofLambda.Scope = "example.com/telemetryapireceiver"
		spans := []otlpbackend.Span{ofLambda}
		for _, id := range tt.ids {
			spans = append(spans, otlpbackend.Span{SpanID: id})
		}
		got, silent := tallySpans(invocations, spans)
		assert.Equal(t, tt.want, got, tt.name)
		assert.Equal(t, tt.silent, silent, tt.name)
	}
}

func TestFailuresSaySpansInTheirMessage(t *testing.T) {
	t.Parallel()
	failed := func(payload string) lambdaemulator.Invocation {
		return lambdaemulator.Invocation{FunctionError: "failure", Payload: []byte(payload)}
	}
	number, _, ok := saidSpans(failed(`{"errorMessage":"{\"error\":\"no\",\"spans\":4}","errorType":"failure"}`))
	assert.True(t, ok)
	assert.Equal(t, 4, number)
	for _, payload := range []string{`{"errorMessage":"no","spans":4}`, `no JSON`, ``} {
		_, _, ok = saidSpans(failed(payload))
		assert.False(t, ok, payload)
	}
}
