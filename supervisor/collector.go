// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// collector is one run of the collector process.
type collector struct {
	conn  *control.Conn
	pipes []io.Closer
	// kill ends the process at once; exited reports it.
	kill func()

	// messages carries what the collector says; it is closed when the collector hangs up.
	messages chan message
	// exited carries how the process ended, once.
	exited chan error
}

// message is one line of the control protocol.
type message struct{ verb, payload string }

// startCollector starts the collector at path. It inherits the supervisor's environment, output, and the listening
// telemetry socket.
func startCollector(path string, telemetry *os.File) (*collector, error) {
	eventsOut, eventsIn, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start collector: %w", err)
	}
	requestsOut, requestsIn, err := os.Pipe()
	if err != nil {
		_ = errors.Join(eventsOut.Close(), eventsIn.Close())
		return nil, fmt.Errorf("start collector: %w", err)
	}
	crashOut, crashIn, err := os.Pipe()
	if err != nil {
		_ = errors.Join(eventsOut.Close(), eventsIn.Close(), requestsOut.Close(), requestsIn.Close())
		return nil, fmt.Errorf("start collector: %w", err)
	}
	files := make([]*os.File, control.LogFD+1)
	files[1], files[2], files[control.LogFD] = os.Stdout, crashIn, os.Stderr
	files[control.EventsFD], files[control.RequestsFD], files[control.TelemetryFD] = eventsOut, requestsIn, telemetry
	env := append(os.Environ(), control.EnvVar+"=1")
	if variable := processors(os.Getenv); variable != "" {
		env = append(env, variable)
	}
	var process *os.Process
	withTimerSlack(func() {
		process, err = os.StartProcess(path, []string{path}, &os.ProcAttr{Env: env, Files: files})
	})
	_ = errors.Join(eventsOut.Close(), requestsIn.Close(), crashIn.Close())
	if err != nil {
		_ = errors.Join(eventsIn.Close(), requestsOut.Close(), crashOut.Close())
		return nil, fmt.Errorf("start collector: %w", err)
	}
	c := &collector{
		conn:     control.NewConn(requestsOut, eventsIn),
		pipes:    []io.Closer{eventsIn, requestsOut},
		kill:     func() { _ = process.Kill() },
		messages: make(chan message),
		exited:   make(chan error, 1),
	}
	go c.receive(c.messages)
	go c.wait(process, crashOut)
	return c, nil
}

// receive ends when the collector closes its side of the pipe, at the latest by exiting; the supervisor reads
// messages until then.
func (c *collector) receive(messages chan<- message) {
	defer close(messages)
	for {
		verb, payload, err := c.conn.Receive()
		if err != nil {
			return
		}
		messages <- message{verb, payload}
	}
}

// wait reads what the process says when it crashes until it has ended.
func (c *collector) wait(process *os.Process, crash *os.File) {
	said := make(chan string, 1)
	go func() { said <- describeCrash(crash) }()
	state, err := process.Wait()
	_ = crash.SetReadDeadline(time.Now().Add(crashPatience))
	if what := <-said; err == nil && !state.Success() {
		err = errors.New(strings.TrimSuffix(state.String()+": "+what, ": "))
	}
	_ = crash.Close()
	c.exited <- err
}

// release closes the pipes of an ended collector and lets its goroutines go.
func (c *collector) release() {
	for _, f := range c.pipes {
		_ = f.Close()
	}
	if c.messages != nil {
		for range c.messages { // lets receive end
		}
	}
}
