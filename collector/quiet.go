// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// buildQuietly builds the service's logger without the line that service.New logs about the error that it returns:
// the user gets one line about an invalid configuration, and it says what to do.
func buildQuietly(cfg zap.Config, opts ...zap.Option) (*zap.Logger, error) {
	return cfg.Build(append(opts, zap.WrapCore(func(core zapcore.Core) zapcore.Core { return quietCore{core} }))...)
}

type quietCore struct{ zapcore.Core }

func (c quietCore) With(fields []zapcore.Field) zapcore.Core { return quietCore{c.Core.With(fields)} }

func (c quietCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if entry.Message == "error found during service initialization" {
		return checked
	}
	return c.Core.Check(entry, checked)
}
