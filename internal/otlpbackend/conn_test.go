// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestRefuseAndAccept(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	for _, early := range clients(t, b) {
		_, err := early.export(within(t, patience), logsOf("before"))
		require.NoError(t, err)
		b.Refuse()
		b.Refuse()

		_, err = early.export(within(t, patience), logsOf("on the open connection"))
		require.NoError(t, err, early.name)
		for _, late := range clients(t, b) {
			_, err = late.export(within(t, patience), logsOf("refused"))
			require.ErrorContains(t, err, "connection refused", late.name)
		}

		require.NoError(t, b.Accept())
		require.NoError(t, b.Accept())
		for _, late := range clients(t, b) {
			_, err = late.export(within(t, patience), logsOf("after"))
			require.NoError(t, err, late.name)
		}
		assert.Equal(t, []string{"before", "on the open connection", "after", "after"}, bodies(b))
		b.Reset()
	}
}

// dial opens a connection that has exchanged one HTTP request, so that the server surely knows it.
func dial(t *testing.T, b *Backend) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.HTTPEndpoint(), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	exchange(t, conn)
	return conn
}

func exchange(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Write([]byte("POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 1024)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	require.Contains(t, string(answer[:n]), "200 OK")
}

func TestCloseConnections(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	conn := dial(t, b)
	b.CloseConnections()
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	dial(t, b)
}

func TestResetConnections(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	conn := dial(t, b)
	b.ResetConnections()
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	dial(t, b)
}

func TestBlackHole(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	conn := dial(t, b)
	before := b.Counts().Requests
	b.BlackHole()
	_, err := conn.Write([]byte("POST /v1/logs HTTP/1.1\r\n"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "neither an answer nor the end of the connection")
	assert.Equal(t, before, b.Counts().Requests)

	dial(t, b) // a new connection works

	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	b.CloseConnections()
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestBlackHoleForGRPC(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	early := grpcClient(t, b, "")
	_, err := early.export(within(t, patience), logsOf("before"))
	require.NoError(t, err)
	b.BlackHole()
	_, err = early.export(within(t, 50*time.Millisecond), logsOf("lost"))
	require.Equal(t, codes.DeadlineExceeded, status.Code(err), "%v", err)
	_, err = grpcClient(t, b, "").export(within(t, patience), logsOf("after"))
	require.NoError(t, err)
	assert.Equal(t, []string{"before", "after"}, bodies(b))
}

// Requests tell the connections apart.
func TestRemoteAddr(t *testing.T) {
	t.Parallel()
	for _, protocol := range []int{0, 1} {
		b := start(t, Config{})
		client := clients(t, b)[protocol]
		for _, body := range []string{"1", "2"} {
			_, err := client.export(within(t, patience), logsOf(body))
			require.NoError(t, err)
		}
		other := clients(t, b)[protocol]
		_, err := other.export(within(t, patience), logsOf("3"))
		require.NoError(t, err)
		requests := b.Requests()
		require.Len(t, requests, 3)
		assert.Equal(t, requests[0].RemoteAddr, requests[1].RemoteAddr)
		assert.NotEqual(t, requests[0].RemoteAddr, requests[2].RemoteAddr)
	}
}
