// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answer is what an API answered.
type answer struct {
	status int
	header http.Header
}

// request calls an API and returns its answer and the body.
func (e environment) request(method, path, body string, headers map[string]string) (answer, string) {
	e.t.Helper()
	request, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.address+path, strings.NewReader(body))
	require.NoError(e.t, err)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	return answer{response.StatusCode, response.Header}, string(text)
}

// bare returns a Function in INIT with one external extension, "x", and no processes: the test plays all parts.
func bare(t *testing.T) (environment, *sandbox) {
	e := start(t, nil, nil)
	s := &sandbox{external: []string{"x"}, extensions: []*extension{{name: "x"}}}
	e.update(func() { e.sandbox = s })
	return e, s
}

const (
	pathRegister  = "/2020-01-01/extension/register"
	pathNext      = "/2020-01-01/extension/event/next"
	pathInitError = "/2020-01-01/extension/init/error"
	pathExitError = "/2020-01-01/extension/exit/error"
	pathTelemetry = "/2022-07-01/telemetry"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header, body, want string
		prepare            func(*sandbox)
	}{
		"good":                      {header: "x", body: `{"events":["INVOKE","SHUTDOWN"]}`},
		"no events":                 {header: "x", body: `{"events":[]}`},
		"internal":                  {header: "other", body: `{"events":["INVOKE"]}`},
		"no name":                   {body: `{}`, want: "Extension.InvalidExtensionName"},
		"no JSON":                   {header: "x", body: `events`, want: "InvalidRequestFormat"},
		"configuration keys":        {header: "x", body: `{"configurationKeys":["a"]}`, want: "InvalidRequestFormat"},
		"unknown event":             {header: "x", body: `{"events":["FREEZE"]}`, want: "Extension.InvalidEventType"},
		"internal wants SHUTDOWN":   {header: "other", body: `{"events":["SHUTDOWN"]}`, want: "Extension.InvalidEventType"},
		"twice":                     {header: "x", body: `{}`, want: "Extension.InvalidExtensionState", prepare: func(s *sandbox) { s.extensions[0].registered = true }},
		"after the runtime's next":  {header: "x", body: `{}`, want: "Extension.RegistrationClosed", prepare: func(s *sandbox) { s.runtimeReady = true }},
		"the eleventh, an internal": {header: "other", body: `{}`, want: "Extension.TooManyExtensions", prepare: func(s *sandbox) { s.extensions = append(s.extensions, make([]*extension, 0, 9)...); fill(s, 10) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, s := bare(t)
			if test.prepare != nil {
				e.update(func() { test.prepare(s) })
			}
			headers := map[string]string{}
			if test.header != "" {
				headers[headerName] = test.header
			}
			response, body := e.request(http.MethodPost, pathRegister, test.body, headers)
			if test.want != "" {
				assert.Equal(t, http.StatusForbidden, response.status)
				assert.Contains(t, body, `"errorType":"`+test.want+`"`)
				return
			}
			assert.Equal(t, http.StatusOK, response.status)
			assert.Regexp(t, uuidPattern, response.header.Get(headerIdentifier))
			assert.NotContains(t, body, "accountId", "nobody asked for it")
		})
	}
}

func fill(s *sandbox, n int) {
	for len(s.extensions) < n {
		s.extensions = append(s.extensions, &extension{name: newID()})
	}
}

func TestExtensionIdentity(t *testing.T) {
	t.Parallel()
	e, _ := bare(t)
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, pathNext}, {http.MethodPost, pathInitError}, {http.MethodPost, pathExitError}, {http.MethodPut, pathTelemetry},
	} {
		for id, want := range map[string]string{
			"":      "Extension.MissingExtensionIdentifier",
			"x":     "Extension.InvalidExtensionIdentifier",
			newID(): "Extension.UnknownExtensionIdentifier",
		} {
			response, body := e.request(call.method, call.path, "", map[string]string{headerIdentifier: id})
			assert.Equal(t, http.StatusForbidden, response.status)
			assert.Contains(t, body, want)
		}
	}
}

func TestExtensionErrors(t *testing.T) {
	t.Parallel()
	e, s := bare(t)
	response, _ := e.request(http.MethodPost, pathRegister, `{"events":["INVOKE"]}`, map[string]string{headerName: "x"})
	id := map[string]string{headerIdentifier: response.header.Get(headerIdentifier)}
	_, body := e.request(http.MethodPost, pathExitError, "", id)
	assert.Contains(t, body, "Extension.MissingHeader")

	id[headerErrorType] = "Extension.Broken"
	e.update(func() { s.extensions[0].next = true })
	response, body = e.request(http.MethodPost, pathInitError, "", id)
	assert.Equal(t, http.StatusForbidden, response.status)
	assert.Contains(t, body, "Extension.InvalidExtensionState", "init/error is over once next was called")

	response, body = e.request(http.MethodPost, pathExitError, `{"errorMessage":"why"}`, id)
	assert.Equal(t, http.StatusAccepted, response.status)
	assert.JSONEq(t, `{"status":"OK"}`, body)
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NotNil(t, s.fault)
	assert.Equal(t, "Extension.ExitError", s.fault.Type)
	assert.Contains(t, s.fault.Message, "Extension.Broken")
}

func TestTelemetryValidation(t *testing.T) {
	t.Parallel()
	e, _ := bare(t)
	response, _ := e.request(http.MethodPost, pathRegister, `{}`, map[string]string{headerName: "x"})
	id := map[string]string{headerIdentifier: response.header.Get(headerIdentifier)}
	response, body := e.request(http.MethodPut, pathTelemetry, `{"schemaVersion":"1"}`, id)
	assert.Equal(t, http.StatusBadRequest, response.status)
	assert.Contains(t, body, `"errorType":"ValidationError"`)
	response, body = e.request(http.MethodPut, pathTelemetry,
		`{"schemaVersion":"2022-07-01","types":["function"],"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:1/"}}`, id)
	assert.Equal(t, http.StatusOK, response.status)
	assert.Equal(t, `"OK"`, strings.TrimSpace(body))
}

func TestRuntimeAnswers(t *testing.T) {
	t.Parallel()
	const base = "/2018-06-01/runtime/invocation/"
	e, s := bare(t)
	in := &invocation{requestID: "id", payload: []byte("{}")}
	e.update(func() { s.invocations = []*invocation{in} })
	response, body := e.request(http.MethodGet, base+"next", "", nil)
	assert.Equal(t, "id", response.header.Get(headerRequestID))
	assert.Equal(t, "{}", body)
	for _, test := range []struct {
		method, path, mode, want string
		status                   int
	}{
		{http.MethodGet, "next", "", "InvalidStateTransition", http.StatusForbidden},
		{http.MethodPost, "other/response", "", "InvalidRequestID", http.StatusBadRequest},
		{http.MethodPost, "id/response", "odd", "Runtime.InvalidResponseModeHeader", http.StatusBadRequest},
		{http.MethodPost, "id/response", "streaming", "OK", http.StatusAccepted},
		{http.MethodPost, "id/response", "", "InvalidStateTransition", http.StatusForbidden},
		{http.MethodPost, "id/error", "", "InvalidStateTransition", http.StatusForbidden},
	} {
		headers := map[string]string{}
		if test.mode != "" {
			headers[headerResponseMode] = test.mode
		}
		response, body := e.request(test.method, base+test.path, `"answer"`, headers)
		assert.Equal(t, test.status, response.status, test.path)
		assert.Contains(t, body, test.want, test.path)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Equal(t, `"answer"`, string(in.response))
	assert.Empty(t, in.errorType)
}

func TestResponseTooLarge(t *testing.T) {
	t.Parallel()
	e, s := bare(t)
	in := &invocation{requestID: "id"}
	e.update(func() { s.invocations = []*invocation{in} })
	response, _ := e.request(http.MethodPost, "/2018-06-01/runtime/invocation/id/response", strings.Repeat("x", maxBody+1), nil)
	assert.Equal(t, http.StatusRequestEntityTooLarge, response.status)
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Equal(t, "Function.ResponseSizeTooLarge", in.errorType)
}
