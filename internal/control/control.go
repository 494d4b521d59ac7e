// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package control is the line protocol between the supervisor and the collector: two pipes, one message a line, a
// verb and an optional payload that is handed on as it came from Lambda. The supervisor alone speaks to the Lambda
// APIs; the collector asks it to.
//
//	supervisor → collector               collector → supervisor
//	hello <register response>            subscribe <Telemetry API subscription>
//	subscribed <HTTP status> <body>      next
//	event <event/next response>          renew
//	refused                              fail <error type> <init/error request>
//
// The supervisor sends hello once, first. The collector's first next says that it is ready: its pipelines run. Each
// later next says that it is done with the event before it, and that nothing of it is in flight: the environment may
// be frozen. renew asks for a new collector in place of this one, once it is done with its event: what kept it from
// working as configured is over. fail asks to fail the function's INIT, which ends the collector; later than that
// it is refused. End of file means that the other side is gone.
//
// This package is linked into the supervisor, whose start-up every function pays: it imports as little as it can.
package control

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"sync"
)

// Verbs of the messages.
const (
	Hello      = "hello"
	Subscribe  = "subscribe"
	Subscribed = "subscribed"
	Next       = "next"
	Event      = "event"
	Renew      = "renew"
	Fail       = "fail"
	Refused    = "refused"
)

// File descriptors that the collector inherits from the supervisor.
const (
	// EventsFD is read by the collector.
	EventsFD = 3
	// RequestsFD is written by the collector.
	RequestsFD = 4
	// TelemetryFD is the TCP socket, already listening, that Lambda posts telemetry to. It belongs to the
	// supervisor, so that the subscription outlives a collector.
	TelemetryFD = 5
	// LogFD is what the collector logs to. Its descriptor 2 is a pipe to the supervisor: the Go runtime writes to it when
	// it crashes, which may be the text of an error with a secret in it.
	LogFD = 6
)

// EnvVar is set, to "1", in the environment of a collector that was started by the supervisor.
const EnvVar = "OTELCOL_LAMBDA_SUPERVISED"

// maxLine bounds a message. The longest is an event: its ARNs and trace header are far below this.
const maxLine = 64 << 10

// Conn is one side of the protocol. Send may be called from several goroutines, Receive from one.
type Conn struct {
	r  *bufio.Reader
	mu sync.Mutex
	w  io.Writer
}

// NewConn returns a Conn that receives from r and sends to w. Closing them is the caller's.
func NewConn(r io.Reader, w io.Writer) *Conn {
	return &Conn{r: bufio.NewReaderSize(r, 4<<10), w: w}
}

// Send writes one message. The payload must be one line; JSON is made so by replacing the line breaks between its
// tokens (inside a JSON string they are escaped).
func (c *Conn) Send(verb, payload string) error {
	line := verb
	if payload != "" {
		line += " " + strings.NewReplacer("\n", " ", "\r", " ").Replace(payload)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.w, line+"\n")
	return err
}

// Receive reads the next message. It returns io.EOF when the other side is gone.
func (c *Conn) Receive() (verb, payload string, err error) {
	var line []byte
	for {
		part, err := c.r.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", "", err
		}
		if len(line) > maxLine {
			return "", "", errors.New("control message longer than 64 KiB")
		}
	}
	verb, payload, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return verb, payload, nil
}
