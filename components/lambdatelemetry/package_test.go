// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// env is an environment, read like the process's own.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// output collects what a logger writes.
type output struct {
	bytes.Buffer
}

func (*output) Sync() error { return nil }

var _ zapcore.WriteSyncer = (*output)(nil)
