// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// The environment is killed: what is not known to have ended has failed, once.
func TestAbort(t *testing.T) {
	t.Parallel()
	count := func(s *scenario) int {
		n := 0
		for _, lr := range s.out.records.All() {
			if lr.EventName() == exceptionEvent {
				n++
				assert.Equal(t, plog.SeverityNumberError, lr.SeverityNumber())
			}
		}
		return n
	}
	s := newScenario(t, spanAuto)
	s.events(begin(requestA, ""), line("last words"))
	s.abort(requestA, "timeout", observed, s.out)
	s.abort(requestA, "timeout", observed, s.out)
	s.events(done(requestA, "timeout"))
	assert.Equal(t, 1, count(s))
	assert.Equal(t, 1, s.out.spans.Len())
	assert.Contains(t, s.lines(), "last words")

	s = newScenario(t, spanAuto)
	s.events(begin(requestA, ""), done(requestA, "timeout"))
	s.abort("", "timeout", observed, s.out)
	assert.Equal(t, 1, count(s))

	s = newScenario(t, spanAuto)
	s.abort("", "failure", observed, s.out)
	assert.Zero(t, count(s), "nothing ran")
	s.abort(requestB, "failure", observed, s.out)
	assert.Equal(t, 1, count(s), "its start was not told")
}

// An invocation that failed because INIT did, inside of it, has the error that Lambda tells of INIT, unless it tells one of
// its own.
func TestErrorOfInit(t *testing.T) {
	t.Parallel()
	initOf := func(phase, outcome string) []string {
		return []string{
			`{"time":"2026-01-02T03:04:05.000Z","type":"platform.initStart","record":{"phase":"` + phase + `"}}`,
			`{"time":"2026-01-02T03:04:05.100Z","type":"platform.initRuntimeDone","record":{"phase":"` + phase + `",` + outcome + `}}`,
		}
	}
	const failed, ok = `"status":"error","errorType":"Runtime.ExitError"`, `"status":"success"`
	own := strings.Replace(done(requestA, "error"), `"status"`, `"errorType":"Runtime.Own","status"`, 1)
	for name, tt := range map[string]struct {
		events []string
		abort  string
		want   string
	}{
		"INIT told first":       {append(initOf("invoke", failed), begin(requestA, ""), done(requestA, "failure")), "", "Runtime.ExitError"},
		"invocation told first": {append([]string{begin(requestA, "")}, append(initOf("invoke", failed), done(requestA, "failure"))...), "", "Runtime.ExitError"},
		"end not told":          {append(initOf("invoke", failed), begin(requestA, "")), "failure", "Runtime.ExitError"},
		"error of its own":      {append(initOf("invoke", failed), begin(requestA, ""), own), "", "Runtime.Own"},
		"timeout":               {append(initOf("invoke", `"status":"timeout"`), begin(requestA, "")), "timeout", "timeout"},
		"INIT before it":        {append(initOf("init", failed), begin(requestA, ""), done(requestA, "failure")), "", "failure"},
		"INIT that went well":   {append(append(initOf("invoke", failed), initOf("invoke", ok)...), begin(requestA, ""), done(requestA, "failure")), "", "failure"},
		"another invocation": {append(initOf("invoke", failed), begin(requestB, ""), done(requestB, "failure"),
			begin(requestA, ""), done(requestA, "failure")), "", "failure"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t, spanAuto)
			s.events(tt.events...)
			s.abort("", lambdaapi.Status(tt.abort), observed, s.out)
			kinds := map[string]string{}
			for _, lr := range s.out.records.All() {
				if kind, ok := lr.Attributes().Get(exceptionType); ok {
					id, _ := lr.Attributes().Get(invocationIDKey)
					kinds[id.Str()] = kind.Str()
				}
			}
			assert.Equal(t, tt.want, kinds[requestA])
		})
	}
}
