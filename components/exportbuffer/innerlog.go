// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"errors"
	"strings"

	"go.uber.org/zap/zapcore"
)

// innerCore is the log of a wrapped exporter without the lines that the buffer says better: that an export failed
// (exporterhelper says, once for every request, that it rejects the data, which the buffer still has), and that a
// server accepted only part of a request, which the buffer counts.
type innerCore struct {
	zapcore.Core
	partial func(rejected int, err error)
}

func (c innerCore) With(fields []zapcore.Field) zapcore.Core {
	return innerCore{c.Core.With(fields), c.partial}
}

// Enabled lets warnings through to Check, so that partial successes are counted whatever the level of the log.
func (c innerCore) Enabled(level zapcore.Level) bool {
	return level == zapcore.WarnLevel || c.Core.Enabled(level)
}

func (c innerCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	switch {
	case strings.HasPrefix(entry.Message, "Exporting failed. "):
		return checked
	case entry.Message == "Partial success response":
		return checked.AddCore(entry, c)
	default:
		return c.Core.Check(entry, checked)
	}
}

// Write is called for partial successes alone. The OTLP exporters report them nowhere else, in these fields.
func (c innerCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	rejected, message := 0, ""
	for _, f := range fields {
		switch f.Key {
		case "dropped_spans", "dropped_data_points", "dropped_log_records":
			rejected = int(f.Integer)
		case "message":
			message = f.String
		}
	}
	if rejected > 0 {
		c.partial(rejected, errors.New(message))
	} else if checked := c.Core.Check(entry, nil); checked != nil {
		checked.Write(fields...)
	}
	return nil
}
