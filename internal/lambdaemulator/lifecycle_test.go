// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestInvoke(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"first": both, "second": `{"events":["SHUTDOWN"]}`}, nil)
	one := e.invoke(`{"n":1}`)
	two := e.invoke(`{"n":2}`)

	assert.JSONEq(t, `{"n":1}`, string(one.Payload))
	assert.Equal(t, StatusSuccess, one.Status)
	assert.Empty(t, one.FunctionError)
	assert.True(t, one.ColdStart)
	assert.Positive(t, one.InitDuration)
	assert.Positive(t, one.MaxMemory)
	assert.False(t, two.ColdStart)
	assert.NotEqual(t, one.RequestID, two.RequestID)
	assert.False(t, two.ResponseAt.Before(two.Start))
	assert.False(t, two.RuntimeDone.Before(two.ResponseAt))
	assert.False(t, two.End.Before(two.RuntimeDone))

	e.shutdown()
	e.inOrder("initStart", "processStart first", "processStart second", "processStart bootstrap", "runtimeReady",
		"initDone", "invokeStart", "response", "runtimeDone", "invokeEnd", "freeze", "thaw", "invokeStart", "invokeEnd",
		"freeze", "thaw", "shutdownStart", "processExit bootstrap", "shutdownEnd")
	e.inOrder("extensionRegistered first", "processStart bootstrap")
	e.inOrder("extensionRegistered second", "processStart bootstrap")
	assert.Empty(t, e.find(KindSigkill))
	assert.Len(t, e.lines("first", "INVOKE"), 2)
	assert.Equal(t, one.RequestID, e.lines("first", "INVOKE")[0].RequestID)
	assert.Empty(t, e.lines("second", "INVOKE"))
	assert.Len(t, e.lines("first", "SHUTDOWN spindown"), 1)
	assert.Len(t, e.lines("second", "SHUTDOWN spindown"), 1)

	again := e.invoke(`{}`)
	assert.True(t, again.ColdStart, "after a shutdown")
	assert.Positive(t, again.InitDuration)
}

func TestRuntimeHeaders(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, func(c *Config) {
		c.FunctionName = "named"
	})
	result := e.invoke(`{"headers":true}`, WithTraceHeader("Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Sampled=1"))
	var headers map[string][]string
	require.NoError(t, json.Unmarshal(result.Payload, &headers))
	assert.Equal(t, []string{result.RequestID}, headers["Lambda-Runtime-Aws-Request-Id"])
	assert.Equal(t, []string{"arn:aws:lambda:us-east-1:123456789012:function:named"}, headers["Lambda-Runtime-Invoked-Function-Arn"])
	assert.Equal(t, []string{"Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Sampled=1"}, headers["Lambda-Runtime-Trace-Id"])
	assert.NotEmpty(t, headers["Lambda-Runtime-Deadline-Ms"])

	_, body, _ := strings.Cut(e.lines("x", "INVOKE")[0].Text, "{")
	event, err := lambdaapi.DecodeEvent([]byte("{" + body))
	require.NoError(t, err)
	assert.Equal(t, result.RequestID, event.RequestID)
	assert.Equal(t, "Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Sampled=1", event.TraceHeader)
	assert.WithinDuration(t, result.Start.Add(3*time.Second), event.Deadline, 2*time.Millisecond)
}

func TestExplicitInitFreezes(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, nil)
	require.NoError(t, e.Init(t.Context()))
	e.inOrder("initDone", "freeze")
	assert.False(t, e.invoke(`{}`).ColdStart)
	require.NoError(t, e.Init(t.Context()), "does nothing")
	assert.Len(t, e.find(KindInitStart), 1)
}

func TestFunctionError(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	var live []TimelineEvent
	e := start(t, map[string]string{"x": both}, func(c *Config) {
		c.Output = &output
		c.OnEvent = func(event TimelineEvent) { live = append(live, event) }
	})
	result := e.invoke(`{"log":["said"],"errorType":"Function.Scripted"}`)
	assert.Equal(t, "Function.Scripted", result.FunctionError)
	assert.Equal(t, StatusError, result.Status)
	assert.JSONEq(t, `{"errorMessage":"scripted"}`, string(result.Payload))
	assert.False(t, e.invoke(`{}`).ColdStart, "an error that the function reports does not end the environment")
	require.NoError(t, e.Close())
	assert.Contains(t, output.String(), "[bootstrap] said\n")
	assert.Equal(t, e.Timeline(), live)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	lingering := `{"events":["INVOKE","SHUTDOWN"],"subscribe":true,"shutdownMs":200}`
	e := start(t, map[string]string{"x": lingering}, func(c *Config) { c.Timeout = time.Second })
	e.invoke(`{}`)
	result := e.invoke(`{"sleepMs":60000}`)
	assert.Equal(t, StatusTimeout, result.Status)
	assert.Equal(t, "Sandbox.Timeout", result.FunctionError)
	assert.Contains(t, string(result.Payload), "Task timed out after 1.00 seconds")
	e.inOrder("invokeEnd", "runtimeDone", "invokeEnd", "shutdownStart", "sigkill bootstrap", "processExit x", "shutdownEnd")
	assert.Len(t, e.lines("x", "SHUTDOWN timeout"), 1)
	assert.Equal(t, StatusTimeout, record(t, e.telemetry(), lambdaapi.PlatformRuntimeDone, 1)["status"])

	next := e.invoke(`{}`)
	assert.Equal(t, StatusSuccess, next.Status)
	assert.True(t, next.ColdStart)
	assert.Zero(t, next.InitDuration, "a suppressed INIT is part of the invocation")
	assert.Equal(t, "invoke", e.find(KindInitStart)[1].Detail)
}

func TestWithTimeout(t *testing.T) {
	t.Parallel()
	e := start(t, nil, func(c *Config) { c.Timeout = time.Hour })
	result := e.invoke(`{"sleepMs":60000}`, WithTimeout(50*time.Millisecond))
	assert.Equal(t, StatusTimeout, result.Status)
	assert.Contains(t, string(result.Payload), "Task timed out after 0.05 seconds")
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
}

func TestTimeoutCoversExtensions(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"invokeMs":60000}`}, func(c *Config) {
		c.Timeout, c.ShutdownTimeout = time.Second, 200*time.Millisecond
	})
	result := e.invoke(`{"n":1}`)
	assert.Equal(t, StatusTimeout, result.Status)
	assert.Empty(t, result.FunctionError, "the client had its response")
	assert.JSONEq(t, `{"n":1}`, string(result.Payload))
	assert.Greater(t, result.Overrun(), 100*time.Millisecond)
	e.inOrder("shutdownStart", "sigkill x")
}

func TestRuntimeCrash(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, nil)
	result := e.invoke(`{"log":["last words"],"exit":7}`)
	assert.Equal(t, "Runtime.ExitError", result.FunctionError)
	assert.Equal(t, StatusError, result.Status)
	assert.Contains(t, string(result.Payload), "exit status 7")
	assert.Len(t, e.lines("x", "SHUTDOWN failure"), 1)
	assert.Equal(t, result.RequestID, e.lines("bootstrap", "last words")[0].RequestID)
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
}

func TestExtensionCrash(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": `{"events":["INVOKE"],"exitAfterNext":true}`, "y": both}, nil)
	result := e.invoke(`{"sleepMs":60000}`)
	assert.Equal(t, "Extension.Crash", result.FunctionError)
	assert.Equal(t, StatusError, result.Status)
	assert.Len(t, e.lines("y", "SHUTDOWN failure"), 1)
}

func TestInitFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		extension string
		change    func(*Config)
		want      string
		shutdown  bool
	}{
		"extension reports":     {`{"events":[],"initError":"Extension.ConfigInvalid"}`, nil, "Extension.InitError", false},
		"extension is silent":   {`{"silent":true}`, func(c *Config) { c.InitTimeout, c.Timeout = 200*time.Millisecond, 300*time.Millisecond }, "Sandbox.Timeout", false},
		"runtime exits":         {both, func(c *Config) { c.Env["INIT_EXIT"] = "1" }, "Runtime.ExitError", true},
		"runtime reports":       {both, func(c *Config) { c.Env["INIT_ERROR"] = "1" }, "Function.NoDatabase", true},
		"extension cannot run":  {both, func(c *Config) { breakFile(c.Layer + "/extensions/x") }, "Extension.LaunchError", false},
		"runtime cannot run":    {both, func(c *Config) { breakFile(c.Function + "/bootstrap") }, "Runtime.InvalidEntrypoint", true},
		"INVOKE-only extension": {`{"events":["INVOKE"]}`, func(c *Config) { c.Env["INIT_EXIT"] = "1" }, "Runtime.ExitError", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, map[string]string{"x": test.extension}, func(c *Config) {
				if test.change != nil {
					test.change(c)
				}
			})
			err := e.Init(t.Context())
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, test.want, fault.Type)

			result := e.invoke(`{}`)
			assert.Equal(t, test.want, result.FunctionError, "the INIT is tried again in the invocation")
			assert.Len(t, e.find(KindInitStart), 2)
			assert.Equal(t, "invoke", e.find(KindInitStart)[1].Detail)
			assert.Equal(t, test.shutdown, len(e.lines("x", "SHUTDOWN failure")) > 0)
		})
	}
}

// breakFile replaces a program by a file that is executable and no program.
func breakFile(path string) {
	_ = os.Remove(path)
	_ = os.WriteFile(path, []byte{0}, 0o755)
}

func TestShutdownKillsAtDeadline(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{
		"hangs":      `{"events":["SHUTDOWN"],"hangOnShutdown":true}`,
		"unasked":    `{"events":["INVOKE"]}`,
		"wellspoken": both,
	}, func(c *Config) { c.ShutdownTimeout = 300 * time.Millisecond })
	require.NoError(t, e.Init(t.Context()))
	begin := time.Now()
	e.shutdown()
	assert.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
	var killed []string
	for _, event := range e.find(KindSigkill) {
		killed = append(killed, event.Name)
	}
	assert.Equal(t, []string{"unasked", "hangs"}, killed)
	assert.Len(t, e.lines("hangs", "SHUTDOWN spindown"), 1)
}

func TestWithoutExtensions(t *testing.T) {
	t.Parallel()
	e := start(t, nil, func(c *Config) { c.Layer = "" })
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
	e.shutdown()
	e.inOrder("shutdownStart", "sigkill bootstrap", "shutdownEnd")
}

func TestEnvironment(t *testing.T) {
	t.Setenv("HOST_SECRET", "must not leak")
	e := start(t, map[string]string{"x": `{"events":[],"environmentFile":true}`}, func(c *Config) {
		c.Env["CUSTOMER"] = "a=b c"
		c.Env["_HIDDEN"] = "yes"
		c.LogFormat = LogJSON
		c.MemoryMB = 512
	})
	var function []string
	require.NoError(t, json.Unmarshal(e.invoke(`{"env":true}`).Payload, &function))
	data, err := os.ReadFile(filepath.Join(e.out, "x.env"))
	require.NoError(t, err)
	extension := strings.Split(string(data), "\n")

	shared := []string{
		"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL",
		"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CUSTOMER", "EXT_x", "LANG",
		"LD_LIBRARY_PATH", "OUT", "PATH", "TZ",
	}
	own := []string{
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
		"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_HIDDEN", "_LAMBDA_TELEMETRY_LOG_FD",
	}
	assert.ElementsMatch(t, shared, names(extension))
	assert.ElementsMatch(t, append(shared, own...), names(function))
	assert.Contains(t, extension, "CUSTOMER=a=b c")
	assert.Contains(t, extension, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512")
}

func names(environ []string) []string {
	var list []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		list = append(list, name)
	}
	return list
}

func TestCloseDuringInvocation(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, nil)
	done := make(chan error, 1)
	require.NoError(t, e.Init(t.Context()))
	go func() {
		_, err := e.Invoke(context.Background(), []byte(`{"sleepMs":60000}`))
		done <- err
	}()
	eventually(t, func() bool { return len(e.find(KindInvokeStart)) > 0 }, "invocation")
	require.NoError(t, e.Close())
	require.ErrorIs(t, <-done, ErrClosed)
	_, err := e.Invoke(t.Context(), nil)
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, e.Close())
}

func TestCancelledInvocation(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{"x": both}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := e.Invoke(ctx, []byte(`{"sleepMs":60000}`))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
}

func TestExtensionRoleCalls(t *testing.T) {
	t.Parallel()
	e := start(t, map[string]string{
		"x": `{"events":["INVOKE","SHUTDOWN"],"lateSubscribe":true,"lateRegister":true}`,
	}, nil)
	e.invoke(`{}`)
	registered := e.lines("x", "register")
	require.Len(t, registered, 2)
	assert.JSONEq(t, `{"accountId":"123456789012","functionName":"my-function","functionVersion":"$LATEST","handler":"bootstrap"}`,
		strings.TrimPrefix(registered[0].Text, "register 200 "))
	assert.Contains(t, registered[1].Text, "403")
	assert.Contains(t, registered[1].Text, "Extension.RegistrationClosed")
	assert.Contains(t, e.lines("x", "subscribe")[0].Text, "403")
	assert.Contains(t, e.lines("x", "subscribe")[0].Text, "Telemetry.SubscriptionClosed")
}
