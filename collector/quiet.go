// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// buildQuietly builds the service's logger without the lines that the service logs about an error that it returns as
// well: the user gets one line about an invalid configuration, and it says what to do. That a component has a new name is no
// warning in every cold start of those whose YAML is from another layer.
func buildQuietly(cfg zap.Config, opts ...zap.Option) (*zap.Logger, error) {
	return cfg.Build(append(opts, zap.WrapCore(func(core zapcore.Core) zapcore.Core { return quietCore{core} }))...)
}

type quietCore struct{ zapcore.Core }

func (c quietCore) With(fields []zapcore.Field) zapcore.Core { return quietCore{c.Core.With(fields)} }

func (c quietCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	switch entry.Message {
	case "error found during service initialization", "Failed to start component", "Failed to start extension":
		return checked
	}
	if strings.Contains(entry.Message, " alias is deprecated; ") {
		entry.Level = zapcore.InfoLevel
	}
	return c.Core.Check(entry, checked)
}
