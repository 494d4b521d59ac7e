// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"
)

// The test program is also the function that it runs: in Lambda it is the bootstrap.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		log.SetOutput(io.Discard) // the runtime's own lines about errors: nothing would bring them to the backend
		lambda.Start(handle)
		return
	}
	goleak.VerifyTestMain(m)
}

type order struct {
	Lose bool `json:"lose"`
	Fail bool `json:"fail"`
}

// handle writes a line and, having no layer, brings it to the backend itself, with a span.
func handle(ctx context.Context, o order) (map[string]any, error) {
	fmt.Println("hello")
	if o.Lose {
		return map[string]any{"spans": []string{"0000000000000001"}}, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr("hello")
	record.Attributes().PutStr(invocationID, lc.AwsRequestID)
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err := errors.Join(err, export(ctx, "/v1/logs", body)); err != nil {
		return nil, err
	}
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("work")
	span.SetSpanID([8]byte([]byte(lc.AwsRequestID[:8])))
	body, err = ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err := errors.Join(err, export(ctx, "/v1/traces", body)); err != nil {
		return nil, err
	}
	if o.Fail {
		return nil, errors.New(`{"spans":1}`)
	}
	return map[string]any{"spans": 1}, nil
}

func export(ctx context.Context, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv(endpointVariable)+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// functionDir returns a deployment package that holds this test program.
func functionDir(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "bootstrap")))
	return dir
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := functionDir(t)
	tests := []struct {
		name   string
		args   []string
		events string
		exit   int
		shows  []string
	}{
		{
			"all arrives", []string{"--events", "-"},
			`{"invoke":{},"times":3}` + "\n" + `{"fail":true}` + "\n" + `{"idle":"1ms"}` + "\n" + `{"shutdown":"spindown"}` + "\n[]",
			// The last event is no order, so the function fails without a word.
			exitArrived,
			[]string{
				"hello", "work", "invocation 5 ", "freeze ", "spindown, ", "1 log record, ",
				"log lines of the function     4        4     0           0\n",
				"spans of the function         4        4     0           0\n",
				"1 of 5 invocations did not say",
			},
		},
		{"loss", []string{"--events", "-"}, `{"lose":true}`, exitIncomplete, []string{"function     1        0     1           0\n"}},
		{
			"backend that refuses, and one that is up again", []string{"--events", "-"},
			`{"backend":"denied"}` + "\n{}\n" + `{"backend":"up"}` + "\n{}",
			exitIncomplete, []string{": refused", "function     2        1     1           0\n"},
		},
		{"backend of the user's", []string{"--endpoint", "http://127.0.0.1:1", "--events", "-"}, `{"backend":"up"}`, exitFault, nil},
		{"own backend", []string{"--endpoint", "http://127.0.0.1:1"}, "", exitArrived, []string{"your own backend", "     1        ?     ?           ?\n"}},
		{"help", []string{"--help"}, "", exitArrived, []string{"EXIT CODE"}},
		{"usage", []string{"--what"}, "", exitUsage, nil},
		{"no bootstrap", []string{"--function", "/nowhere"}, "", exitUsage, nil},
		{"no layer", []string{"--layer", "/nowhere.zip"}, "", exitUsage, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			args := append([]string{"--function", dir}, tt.args...)
			code := run(t.Context(), args, strings.NewReader(tt.events), &stdout, &stderr)
			t.Log(stdout.String(), stderr.String())
			assert.Equal(t, tt.exit, code)
			for _, text := range tt.shows {
				assert.Contains(t, stdout.String(), text)
			}
		})
	}
}

func TestRunWritesThePage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out.html")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--function", functionDir(t), "--report", file}, nil, &stdout, &stderr)
	require.Equal(t, exitArrived, code, stderr.String())
	assert.Contains(t, stdout.String(), file)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(content), "Everything that was sent has arrived, once")

	code = run(t.Context(), []string{"--function", functionDir(t), "--report", "/nowhere/out.html"}, nil, &stdout, &stderr)
	assert.Equal(t, exitFault, code)
	assert.Contains(t, stderr.String(), "--report")
}

func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitFault, run(ctx, []string{"--function", functionDir(t)}, nil, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "lambda-emulator: ")
}
