// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// startPatience bounds one start: the slowest, at a fourteenth of a CPU, takes a second.
const startPatience = 20 * time.Second

// subject is a program whose start is measured: an extension.
type subject struct {
	name  string
	path  string
	env   []string
	files string // the directory of its executables, or the one
}

// rewrite writes the executables in a directory anew, or the one that is named, to other pages of memory: where those are,
// and how large the pieces, changes the CPU time and the resident memory of a process by up to a tenth.
func rewrite(files string) error {
	return filepath.WalkDir(files, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&0o111 == 0 {
			return err
		}
		program, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = program.Close() }()
		copied, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode())
		if err != nil {
			return err
		}
		_, err = io.Copy(struct{ io.Writer }{copied}, program) // in pieces, as an archive is unpacked
		return errors.Join(err, copied.Close(), os.Rename(copied.Name(), path))
	})
}

// startUp is what one start took, from exec to the first request for an event, of all processes of the extension.
type startUp struct {
	began          time.Time
	register, next time.Duration // wall clock, from exec
	cpu            time.Duration
	faults         int64
	resident       int64 // bytes, when ready
}

// start starts a subject once. s limits it to a part of a CPU; nil: without a limit.
func start(sub subject, s *share) (result startUp, err error) {
	output, err := os.CreateTemp("", "otelcol-lambda-bench")
	if err != nil {
		return startUp{}, err
	}
	defer func() { err = errors.Join(err, output.Close(), os.Remove(output.Name())) }()
	if result, err = startInto(output, sub, s); err != nil {
		said, _ := os.ReadFile(output.Name())
		err = fmt.Errorf("start %s: %w; it said %q", sub.name, err, bytes.TrimSpace(said))
	}
	return result, err
}

// startInto starts a subject that writes to output.
func startInto(output *os.File, sub subject, s *share) (result startUp, err error) {
	api, err := startFakeAPI()
	if err != nil {
		return startUp{}, err
	}
	defer func() { err = errors.Join(err, api.close()) }()
	result.began = time.Now()
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
		_, endErr := end(descendants(root))
		return startUp{}, errors.Join(fmt.Errorf("no first event asked for within %s", startPatience), endErr)
	}
	tree := descendants(root)
	for _, p := range tree {
		p.signal(syscall.SIGSTOP) // what it does from now on does not count
	}
	result.register, result.next = (<-api.registered).Sub(result.began), ready.Sub(result.began)
	result.resident, err = sum(tree, pid.resident)
	took, endErr := end(tree)
	result.cpu, result.faults = took.cpu, took.faults
	return result, errors.Join(err, endErr)
}
