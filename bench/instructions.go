// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// instructionPatience bounds a start under callgrind, which is 50 times slower.
const instructionPatience = 2 * time.Minute

// instructions counts the instructions of our collectors' start, which no other load on the machine changes.
func (b *bench) instructions(context.Context) (table, error) {
	subjects := []subject{b.ours}
	for _, other := range b.others {
		if _, err := os.Stat(collectorOf(other)); err == nil {
			subjects = append(subjects, other)
		}
	}
	t := table{
		About: fmt.Sprintf("Of user code in the collector until it is ready, counted by valgrind's callgrind, with one thread at a time; %d rounds. "+
			"The supervisor takes another 0.7 million.", b.rounds(3)),
		Columns: names(subjects),
	}
	if _, err := exec.LookPath("valgrind"); err != nil {
		t.About = "Not counted: valgrind is not installed."
		return t, nil //nolint:nilerr // the table says it
	}
	for i := range b.rounds(3) {
		for _, sub := range subjects {
			b.round(i, b.rounds(3))
			n, err := countInstructions(sub)
			if err != nil {
				return table{}, fmt.Errorf("count the instructions of %s: %w", sub.name, err)
			}
			t.row("instructions until ready, million", noTarget).add(sub.name, float64(n)/1e6)
		}
	}
	return t, nil
}

// collectorOf is the collector of one of our layers.
func collectorOf(sub subject) string {
	return filepath.Join(filepath.Dir(sub.path), "..", "otelcol-lambda", "collector")
}

// countInstructions starts the collector of a subject under callgrind, and is the supervisor of it: the real one would
// lose its patience.
func countInstructions(sub subject) (_ int64, err error) {
	telemetry, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = telemetry.Close() }()
	socket, err := telemetry.(*net.TCPListener).File()
	if err != nil {
		return 0, err
	}
	defer func() { _ = socket.Close() }()
	eventsOut, eventsIn, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	requestsOut, requestsIn, pipeErr := os.Pipe()
	if pipeErr != nil {
		return 0, errors.Join(pipeErr, eventsOut.Close(), eventsIn.Close())
	}
	defer func() { err = errors.Join(err, eventsIn.Close(), requestsOut.Close()) }()

	var output bytes.Buffer
	cmd := exec.Command("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", collectorOf(sub))
	// The signals with which Go interrupts its threads are more than callgrind can take.
	cmd.Env = append([]string{control.EnvVar + "=1", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}, sub.env...)
	cmd.ExtraFiles = []*os.File{eventsOut, requestsIn, socket} // the descriptors that control names
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Start()
	if err := errors.Join(err, eventsOut.Close(), requestsIn.Close()); err != nil {
		return 0, err
	}
	stuck := time.AfterFunc(instructionPatience, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	linkErr := followUntilReady(control.NewConn(requestsOut, eventsIn))
	_ = cmd.Process.Signal(syscall.SIGTERM) // callgrind prints what it has counted
	_ = cmd.Wait()
	match := collected.FindSubmatch(output.Bytes())
	if linkErr != nil || match == nil {
		return 0, errors.Join(linkErr, fmt.Errorf("callgrind said %q", output.String()))
	}
	return strconv.ParseInt(string(match[1]), 10, 64)
}

// collected is the last line of callgrind.
var collected = regexp.MustCompile(`Collected : (\d+)`)

// followUntilReady speaks with a collector as the supervisor does, until it first asks for an event.
func followUntilReady(c *control.Conn) error {
	err := c.Send(control.Hello, `{"functionName":"my-function","functionVersion":"$LATEST","handler":"bootstrap"}`)
	for err == nil {
		var verb string
		if verb, _, err = c.Receive(); err != nil || verb == control.Next {
			break
		}
		err = c.Send(control.Subscribed, `200 "OK"`)
	}
	return err
}
