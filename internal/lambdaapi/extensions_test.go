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

func TestDecodeRegistration(t *testing.T) {
	t.Parallel()
	got, err := lambdaapi.DecodeRegistration([]byte(`{"accountId":"123456789012","functionName":"helloWorld","functionVersion":"$LATEST","handler":"index.handler","new":1}`))
	require.NoError(t, err)
	assert.Equal(t, lambdaapi.Registration{AccountID: "123456789012", FunctionName: "helloWorld", FunctionVersion: "$LATEST", Handler: "index.handler"}, got)

	got, err = lambdaapi.DecodeRegistration([]byte(`{"functionName":"helloWorld"}`))
	require.NoError(t, err)
	assert.Equal(t, lambdaapi.Registration{FunctionName: "helloWorld"}, got)

	for _, body := range []string{``, `OK`, `{"functionName":`, `{"functionName":7}`} {
		got, err = lambdaapi.DecodeRegistration([]byte(body))
		require.ErrorContains(t, err, "decode register response: ")
		assert.Zero(t, got)
	}
}

func TestDecodeEvent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want lambdaapi.Event
	}{
		"invoke": {
			`{"eventType":"INVOKE","deadlineMs":1775516174092,"requestId":"3da1f2dc","invokedFunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:F:alias","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=2be948a625588e32;Sampled=1"}}`,
			lambdaapi.Event{
				Type:               lambdaapi.Invoke,
				Deadline:           time.UnixMilli(1775516174092),
				RequestID:          "3da1f2dc",
				InvokedFunctionARN: "arn:aws:lambda:us-east-1:123456789012:function:F:alias",
				TraceHeader:        "Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=2be948a625588e32;Sampled=1",
			},
		},
		"invoke without tracing": {
			`{"eventType":"INVOKE","deadlineMs":1775516174092,"requestId":"3da1f2dc"}`,
			lambdaapi.Event{Type: lambdaapi.Invoke, Deadline: time.UnixMilli(1775516174092), RequestID: "3da1f2dc"},
		},
		"shutdown": {
			`{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":1775516176092}`,
			lambdaapi.Event{Type: lambdaapi.Shutdown, Deadline: time.UnixMilli(1775516176092), ShutdownReason: lambdaapi.Spindown},
		},
		"shutdown, reason in the case that it comes in": {
			`{"eventType":"SHUTDOWN","shutdownReason":"Timeout","deadlineMs":1775516176092}`,
			lambdaapi.Event{Type: lambdaapi.Shutdown, Deadline: time.UnixMilli(1775516176092), ShutdownReason: lambdaapi.Timeout},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := lambdaapi.DecodeEvent([]byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestDecodeEventErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                          "decode lifecycle event: unexpected EOF at byte 0",
		`{"eventType":"RESTORE"}`:   `decode lifecycle event: unknown type "RESTORE"`,
		`{}`:                        `decode lifecycle event: unknown type ""`,
		`{"deadlineMs":"tomorrow"}`: "decode lifecycle event: ",
	} {
		_, err := lambdaapi.DecodeEvent([]byte(body))
		assert.ErrorContains(t, err, want)
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte(`{"eventType":"INVOKE","deadlineMs":1775516174092,"requestId":"3da1f2dc"}`))
	f.Add([]byte(`{"eventType":"SHUTDOWN","shutdownReason":"Timeout","deadlineMs":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := lambdaapi.DecodeEvent(body)
		require.Equal(t, err == nil, e.Type == lambdaapi.Invoke || e.Type == lambdaapi.Shutdown)
	})
}
