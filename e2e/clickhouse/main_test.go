// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package clickhouse tests the built layer with ClickHouse at the other end: through a Collector like ClickStack's, and
// without one. Everything is real but the network interface of ClickHouse, which is ./server. `make e2e-clickhouse`
// installs and builds what the tests need.
package clickhouse

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	out     = "../../build/e2e-clickhouse"
	library = out + "/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"
	layer   = "../../dist/otelcol-lambda-full-amd64.zip"

	user     = "writer"
	password = "click-hush"
)

// shared is the server of all tests but those that stop theirs: each test has a database of its own in it.
var shared *server

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	data, err := os.MkdirTemp("", "e2e-clickhouse")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	if shared, err = startServer(data); err != nil {
		return 1, fmt.Errorf("%w: run the tests with `make e2e-clickhouse`", err)
	}
	defer shared.stop()
	code = m.Run()
	return code, searched.print(os.Stdout)
}

// server is a process of ./server.
type server struct {
	url     string
	command *exec.Cmd
}

func startServer(data string) (*server, error) {
	command := exec.Command(filepath.Join(out, "server"), "-library", library, "-data", data, "-user", user, "-password", password)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		_ = command.Process.Kill()
		return nil, fmt.Errorf("the server did not start: %w", command.Wait())
	}
	return &server{url: strings.TrimSpace(url), command: command}, nil
}

// stop ends the server, frozen or not.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGCONT)
	_ = s.command.Process.Signal(syscall.SIGTERM)
	_ = s.command.Wait()
}
