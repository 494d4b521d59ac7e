// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// startPatience bounds one start: the slowest, at a fourteenth of a CPU, takes a second.
const startPatience = 20 * time.Second

// subject is a program whose start is measured: an extension.
type subject struct {
	name string
	path string
	env  []string
}

// startUp is what one start took, from exec to the first request for an event, of all processes of the extension.
type startUp struct {
	register, next time.Duration // wall clock, from exec
	cpu            time.Duration
	faults         int64
	resident       int64 // bytes, when ready
}

// start starts a subject once. s limits it to a part of a CPU; nil: without a limit.
func start(sub subject, s *share) (startUp, error) {
	result, err := tryStart(sub, s)
	if err != nil {
		return startUp{}, fmt.Errorf("start %s: %w", sub.name, err)
	}
	return result, nil
}

func tryStart(sub subject, s *share) (result startUp, err error) {
	api, err := startFakeAPI()
	if err != nil {
		return startUp{}, err
	}
	defer func() { err = errors.Join(err, api.close()) }()
	output, err := os.CreateTemp("", "otelcol-lambda-bench")
	if err != nil {
		return startUp{}, err
	}
	defer func() { err = errors.Join(err, output.Close(), os.Remove(output.Name())) }()

	began := time.Now()
	root, err := s.start(sub.path, &os.ProcAttr{
		Env:   append([]string{"AWS_LAMBDA_RUNTIME_API=" + api.addr}, sub.env...),
		Files: []*os.File{nil, output, output},
		Sys:   &syscall.SysProcAttr{},
	})
	if err != nil {
		return startUp{}, err
	}
	var ready time.Time
	select {
	case ready = <-api.next:
	case <-time.After(startPatience):
		said, _ := os.ReadFile(output.Name())
		_, endErr := end(descendants(root))
		return startUp{}, errors.Join(fmt.Errorf("no first event asked for within %s; it said %q", startPatience, bytes.TrimSpace(said)), endErr)
	}
	tree := descendants(root)
	for _, p := range tree {
		p.signal(syscall.SIGSTOP) // what it does from now on does not count
	}
	result.register, result.next = (<-api.registered).Sub(began), ready.Sub(began)
	for _, p := range tree {
		bytes, residentErr := p.resident()
		result.resident += bytes
		err = errors.Join(err, residentErr)
	}
	took, endErr := end(tree)
	result.cpu, result.faults = took.cpu, took.faults
	return result, errors.Join(err, endErr)
}
