// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEndEndsTheWholeTree starts a shell that has a child, and ends both.
func TestEndEndsTheWholeTree(t *testing.T) {
	require.NoError(t, adoptOrphans())
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nsleep 60 &\nwait\n"), 0o755))
	var s *share
	root, err := s.start(script, &os.ProcAttr{Env: []string{"PATH=/usr/bin:/bin"}, Files: []*os.File{nil, nil, nil}, Sys: &syscall.SysProcAttr{}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(descendants(root)) == 2 }, 10*time.Second, time.Millisecond)
	tree := descendants(root)
	bytes, err := sum(tree, pid.resident)
	require.NoError(t, err)
	assert.Positive(t, bytes)
	took, err := end(tree)
	require.NoError(t, err)
	assert.Positive(t, took.cpu)
	assert.Positive(t, took.faults)
	for _, p := range tree {
		assert.ErrorIs(t, syscall.Kill(int(p), 0), syscall.ESRCH)
	}
}

func TestSignalRefusesGroupsAndEverybody(t *testing.T) {
	for _, p := range []pid{-1, 0, 1} {
		assert.Panics(t, func() { p.signal(0) })
	}
}
