// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"bytes"
	"os"
	"sync"
	"syscall"
)

// maxLine is where a line without an end is cut. CloudWatch cuts at 256 KiB; for the Telemetry API, which cuts records by
// its own rule, no limit is documented: this one is for our own memory.
const maxLine = 8 << 20

// output splits what a process writes into log messages: lines, or frames. The pipe is read by a goroutine, and by drain, which makes sure
// that everything written before a certain moment has been seen.
type output struct {
	pipe  *os.File
	split func(data []byte) // takes what was read
	line  func(text string)
	done  chan struct{}

	mu      sync.Mutex
	partial []byte
	buffer  [32 << 10]byte
}

// newOutput starts reading lines; the returned file is for the process to write to, and to be closed after its start.
func newOutput(line func(text string)) (*output, *os.File, error) {
	o := &output{line: line}
	o.split = o.splitLines
	w, err := o.start()
	return o, w, err
}

func (o *output) start() (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.pipe, o.done = r, make(chan struct{})
	go func() {
		defer close(o.done)
		if conn, err := r.SyscallConn(); err == nil {
			_ = conn.Read(o.read) // ends at end of file, or by close
		}
		o.end()
	}()
	return w, nil
}

// read takes what the pipe holds, and tells whether it has ended.
func (o *output) read(fd uintptr) (ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		n, err := syscall.Read(int(fd), o.buffer[:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false
		case err != nil || n == 0:
			return true
		default:
			o.split(o.buffer[:n])
		}
	}
}

func (o *output) splitLines(data []byte) {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			o.partial = append(o.partial, data...)
			data = nil
		} else {
			o.partial = append(o.partial, data[:end]...)
			data = data[end+1:]
			o.emit()
		}
		for len(o.partial) >= maxLine {
			rest := o.partial[maxLine:]
			o.partial = o.partial[:maxLine]
			o.emit()
			o.partial = append(o.partial, rest...)
		}
	}
}

// emit hands over the line read so far. Empty lines are no log events.
func (o *output) emit() {
	if text := bytes.TrimSuffix(o.partial, []byte{'\r'}); len(text) > 0 {
		o.line(string(text))
	}
	o.partial = o.partial[:0]
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.emit()
}

// drain returns once every line that was complete when it was called has been handed over.
func (o *output) drain() {
	if conn, err := o.pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { o.read(fd) })
	}
}

// close hands over what is left and stops reading, even if another process still holds the pipe.
func (o *output) close() {
	o.drain()
	_ = o.pipe.Close()
	<-o.done
}
