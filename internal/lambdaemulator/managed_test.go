// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// onManagedInstance is an extension as it must be there.
const onManagedInstance = `{"events":["SHUTDOWN"],"subscribe":true,"schema":"2025-01-29","shutdownMs":300}`

func managed(c *Config) { c.InitializationType = lambdaapi.ManagedInstances }

func TestManagedInstance(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": onManagedInstance}, managed)
	const together = 4
	var group sync.WaitGroup
	results := make([]Invocation, together)
	for i := range together {
		group.Go(func() {
			var err error
			results[i], err = e.Invoke(t.Context(), fmt.Appendf(nil, `{"log":["line %d"],"sleepMs":500}`, i))
			assert.NoError(t, err)
		})
	}
	group.Wait()
	e.shutdown()
	last := slices.MinFunc(results, func(a, b Invocation) int { return a.End.Compare(b.End) })
	for _, result := range results {
		assert.Equal(t, StatusSuccess, result.Status)
		assert.True(t, result.Start.Before(last.End), "they run at the same time")
	}
	assert.Empty(t, e.find(KindFreeze))
	assert.Empty(t, e.lines("x", "INVOKE"))
	assert.Len(t, e.lines("x", "SHUTDOWN spindown"), 1)

	posts := e.telemetry()
	counts := map[string]int{}
	for _, event := range stream(posts) {
		kind, _, _ := strings.Cut(event, " ")
		counts[kind]++
	}
	assert.Equal(t, map[string]int{
		"platform.initStart": 1, "platform.initRuntimeDone": 1, "platform.initReport": 1, "platform.extension": 1,
		"platform.start": together, "function": together, "platform.report": together,
	}, counts)
	assert.Equal(t, "lambda-managed-instances", record(t, posts, "platform.initStart", 0)["initializationType"])
	assert.NotEmpty(t, record(t, posts, lambdaapi.PlatformStart, 0)["functionArn"])
	report := record(t, posts, lambdaapi.PlatformReport, 0)
	assert.Len(t, report["metrics"], 1)
	assert.Contains(t, report["metrics"], "durationMs")
	assert.Len(t, report["spans"], 2)
}

// What has timed out runs on, unwatched; what ends the process ends all, and the next invocation finds a new environment.
func TestManagedInstanceFailures(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": onManagedInstance}, func(c *Config) { managed(c); c.Timeout = 300 * time.Millisecond })
	slow := e.invoke(`{"sleepMs":600}`)
	assert.Equal(t, StatusTimeout, slow.Status)
	assert.Contains(t, string(slow.Payload), "Task timed out after 0.30 seconds")
	patient, err := e.Invoke(t.Context(), []byte(`{"sleepMs":600}`), WithTimeout(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, StatusSuccess, patient.Status)
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
	assert.Empty(t, e.find(KindShutdownStart))
	assert.Equal(t, StatusError, e.invoke(`{"errorType":"Function.No"}`).Status)

	crashed := e.invoke(`{"exit":3}`)
	assert.Equal(t, "Runtime.ExitError", crashed.ErrorType)
	assert.Len(t, e.find(KindShutdownEnd), 1)
	again := e.invoke(`{}`)
	assert.Equal(t, StatusSuccess, again.Status)
	assert.True(t, again.ColdStart)
	e.shutdown()
}

// What an ordinary extension asks for is refused.
func TestManagedInstanceRefuses(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["SHUTDOWN"],"subscribe":true}`}, managed)
	e.invoke(`{}`)
	assert.Contains(t, e.lines("x", "subscribe 400")[0].Text, `schemaVersion \"2022-12-13\"`)
	var refused *refusal
	_, err := decodeRegister("x", []byte(`{"events":["INVOKE"]}`), true)
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "Extension.InvalidEventType", refused.kind)
	env := e.invoke(`{"env":true}`)
	var variables []string
	require.NoError(t, json.Unmarshal(env.Payload, &variables))
	assert.Contains(t, variables, "AWS_LAMBDA_MAX_CONCURRENCY=10")
	assert.NotContains(t, e.extensionEnv(), "AWS_LAMBDA_MAX_CONCURRENCY")
}
