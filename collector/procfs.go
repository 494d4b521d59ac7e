// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"os"
)

const (
	// hostProcVar says where gopsutil finds proc(5), whose files it reads for the metrics of a process.
	hostProcVar = "HOST_PROC"
	// noProc is a place that has no files.
	noProc = os.DevNull
)

// withoutProc calls build, in which gopsutil finds nothing in proc(5), and returns its error.
//
// service.New registers metrics of this process, which nobody reads here, and has gopsutil look up when it began and what
// it runs on. Neither is part of those metrics, and it takes half a millisecond, a fortieth of the CPU until ready. Whoever
// has set the variable wants those files read.
func withoutProc(build func() error) (err error) {
	if os.Getenv(hostProcVar) != "" {
		return build()
	}
	if err := os.Setenv(hostProcVar, noProc); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Unsetenv(hostProcVar)) }()
	return build()
}
