// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"syscall"
)

// telemetryBacklog is how many connections wait while no collector accepts them. Lambda opens one or two.
const telemetryBacklog = 128

// listenTelemetry opens the socket that Lambda posts telemetry to, on a free port of every address, because
// sandbox.localdomain need not be 127.0.0.1. It only listens: collectors inherit it and accept. Package net would look
// first for what this machine can do: a tenth of this program's start-up.
func listenTelemetry() (socket *os.File, port int, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("open telemetry socket: %w", err)
	}
	if err = syscall.Bind(fd, &syscall.SockaddrInet4{}); err == nil {
		err = syscall.Listen(fd, telemetryBacklog)
	}
	var address syscall.Sockaddr
	if err == nil {
		address, err = syscall.Getsockname(fd)
	}
	if err != nil {
		_ = syscall.Close(fd)
		return nil, 0, fmt.Errorf("open telemetry socket: %w", err)
	}
	return os.NewFile(uintptr(fd), "telemetry"), address.(*syscall.SockaddrInet4).Port, nil
}
