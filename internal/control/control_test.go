// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConn(t *testing.T) {
	var wire bytes.Buffer
	c := NewConn(&wire, &wire)
	require.NoError(t, c.Send(Event, "{\n\"a\": 1\r\n}"))
	require.NoError(t, c.Send(Next, ""))
	long := strings.Repeat("x", 20_000) // longer than the reader's buffer
	require.NoError(t, c.Send(Hello, long))
	for _, want := range [][2]string{{Event, `{ "a": 1  }`}, {Next, ""}, {Hello, long}} {
		verb, payload, err := c.Receive()
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{verb, payload})
	}
	_, _, err := c.Receive()
	assert.ErrorIs(t, err, io.EOF)
}

func TestConnRefusesEndlessLine(t *testing.T) {
	_, _, err := NewConn(strings.NewReader(strings.Repeat("x", 2*maxLine)), io.Discard).Receive()
	require.ErrorContains(t, err, "longer than 64 KiB")
}

func FuzzReceive(f *testing.F) {
	f.Add("hello {}\nnext\n")
	f.Fuzz(func(t *testing.T, wire string) {
		c := NewConn(strings.NewReader(wire), io.Discard)
		for {
			verb, payload, err := c.Receive()
			if err != nil {
				return
			}
			if strings.Contains(verb, " ") || strings.Contains(payload, "\n") {
				t.Errorf("verb %q, payload %q", verb, payload)
			}
		}
	})
}

func TestLink(t *testing.T) {
	eventsOut, eventsIn, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = eventsIn.Close() }()
	_, requestsIn, err := os.Pipe()
	require.NoError(t, err)
	socket, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = socket.Close() }()
	telemetry, err := socket.(*net.TCPListener).File()
	require.NoError(t, err)
	l := NewLink(eventsOut, requestsIn, telemetry)

	received := make(chan error)
	receive := func() {
		_, _, err := l.Receive()
		received <- err
	}
	go receive()
	require.NoError(t, l.Interrupt())
	require.ErrorIs(t, <-received, os.ErrDeadlineExceeded)
	require.NoError(t, l.Resume())
	go receive()
	require.NoError(t, NewConn(nil, eventsIn).Send(Event, "{}"))
	require.NoError(t, <-received)

	// What connects while nobody listens waits for the next listener.
	first, err := l.Listen()
	require.NoError(t, err)
	require.NoError(t, first.Close())
	client, err := net.Dial("tcp4", socket.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	second, err := l.Listen()
	require.NoError(t, err)
	conn, err := second.Accept()
	require.NoError(t, err)
	require.NoError(t, errors.Join(conn.Close(), second.Close(), l.Close()))
}
