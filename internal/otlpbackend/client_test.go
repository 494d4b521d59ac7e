// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// patience bounds every wait of these tests: far longer than any of them takes when all is well.
const patience = 10 * time.Second

func start(t *testing.T, config Config) *Backend {
	t.Helper()
	b, err := Start(config)
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// client exports logs over one protocol, on a connection that it keeps.
type client struct {
	name   string
	export func(ctx context.Context, ld plog.Logs) (rejected int64, err error)
}

// clients returns a client for each protocol.
func clients(t *testing.T, b *Backend) []client {
	return []client{grpcClient(t, b, ""), httpClient(t, b, "")}
}

func grpcClient(t *testing.T, b *Backend, token string) client {
	conn, err := grpc.NewClient(b.GRPCEndpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	logs := plogotlp.NewGRPCClient(conn)
	return client{"grpc", func(ctx context.Context, ld plog.Logs) (int64, error) {
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
		}
		response, err := logs.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
		if err != nil {
			return 0, err
		}
		return response.PartialSuccess().RejectedLogRecords(), nil
	}}
}

// httpError is an answer other than 200.
type httpError struct {
	status     int
	retryAfter string
	body       string
}

func (e httpError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.status, e.body) }

func httpClient(t *testing.T, b *Backend, token string) client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return client{"http", func(ctx context.Context, ld plog.Logs) (int64, error) {
		body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
		if err != nil {
			return 0, err
		}
		headers := map[string]string{"Content-Type": "application/x-protobuf"}
		if token != "" {
			headers["Authorization"] = token
		}
		answer, err := post(ctx, transport, b.HTTPEndpoint()+"/v1/logs", headers, body)
		if err != nil {
			return 0, err
		}
		response := plogotlp.NewExportResponse()
		err = response.UnmarshalProto(answer)
		return response.PartialSuccess().RejectedLogRecords(), err
	}}
}

func post(ctx context.Context, transport http.RoundTripper, url string, headers map[string]string, body []byte) ([]byte, error) {
	// A body that cannot be rewound keeps the transport from sending it again on its own.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, httpError{response.StatusCode, response.Header.Get("Retry-After"), string(answer)}
	}
	return answer, nil
}

func logsOf(bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, body := range bodies {
		records.AppendEmpty().Body().SetStr(body)
	}
	return ld
}

func gzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write(body)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return buffer.Bytes()
}

// bodies returns the bodies of all log records that arrived.
func bodies(b *Backend) []string {
	var all []string
	for _, l := range b.Logs() {
		all = append(all, l.Body)
	}
	return all
}

func outcomes(b *Backend) []Outcome {
	var all []Outcome
	for _, r := range b.Requests() {
		all = append(all, r.Outcome)
	}
	return all
}

func requireStatus(t *testing.T, err error, httpStatus int, code codes.Code) {
	t.Helper()
	require.Error(t, err)
	if overHTTP, ok := err.(httpError); ok { //nolint:errorlint // built right here, never wrapped
		require.Equal(t, httpStatus, overHTTP.status)
		return
	}
	require.Equal(t, code, status.Code(err), "%v", err)
}
