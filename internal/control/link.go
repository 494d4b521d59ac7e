// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Link is what the collector inherits from the supervisor.
type Link struct {
	*Conn
	// Registration is Lambda's answer to the register request.
	Registration []byte

	events, requests, telemetry *os.File
}

// OpenLink opens the inherited link and waits for the supervisor's hello.
func OpenLink() (*Link, error) {
	l := NewLink(inherit(EventsFD, "events"), inherit(RequestsFD, "requests"), inherit(TelemetryFD, "telemetry"))
	verb, payload, err := l.Receive()
	if err == nil && verb != Hello {
		err = fmt.Errorf("unexpected message %q", verb)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for the supervisor: %w", err), l.Close())
	}
	l.Registration = []byte(payload)
	return l, nil
}

// NewLink returns a link over open files: two pipes and a listening socket.
func NewLink(events, requests, telemetry *os.File) *Link {
	return &Link{Conn: NewConn(events, requests), events: events, requests: requests, telemetry: telemetry}
}

// Listen returns a listener on the socket that Lambda posts telemetry to. Closing the listener leaves the socket
// open: what Lambda posts meanwhile waits in its backlog for the next listener.
func (l *Link) Listen() (net.Listener, error) {
	listener, err := net.FileListener(l.telemetry) // duplicates the descriptor
	if err != nil {
		return nil, fmt.Errorf("listen on the telemetry socket inherited from the supervisor: %w", err)
	}
	return listener, nil
}

// Interrupt makes Receive fail at once, until Resume.
func (l *Link) Interrupt() error { return l.events.SetReadDeadline(time.Unix(1, 0)) }

// Resume undoes Interrupt.
func (l *Link) Resume() error { return l.events.SetReadDeadline(time.Time{}) }

// Close closes the link. The supervisor takes that for the end of the collector.
func (l *Link) Close() error {
	return errors.Join(l.events.Close(), l.requests.Close(), l.telemetry.Close())
}

// LogFile opens what the collector logs to.
func LogFile() *os.File { return os.NewFile(LogFD, "stderr") }

// inherit opens an inherited descriptor in non-blocking mode, so that a Read in progress can be interrupted.
func inherit(fd uintptr, name string) *os.File {
	_ = syscall.SetNonblock(int(fd), true)
	return os.NewFile(fd, name)
}
