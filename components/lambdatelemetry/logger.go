// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

const (
	// levelVar is the variable that users of the opentelemetry-lambda layer know.
	levelVar = "OPENTELEMETRY_EXTENSION_LOG_LEVEL"
	// ownFormatVar is the variable that Rotel's users know: text or json. It comes before formatVar, which Lambda sets
	// to the log format of the function: documented as JSON or Text, seen as json. The supervisor has the same rule.
	ownFormatVar = "ROTEL_LOG_FORMAT"
	formatVar    = "AWS_LAMBDA_LOG_FORMAT"

	// loggerName tells our lines from those of the function and of other extensions.
	loggerName = "otelcol-lambda"

	// defaultLevel keeps a function's log, which its owner pays for by the byte, free of anything that needs no action.
	defaultLevel = zapcore.WarnLevel

	// timestampLayout is that of Lambda's own JSON log records.
	timestampLayout = "2006-01-02T15:04:05.000Z"
)

// NewLogger returns a logger that writes to w as the service's own will, at the level and in the format that the
// environment asks for. It is for what must be said before there is a service. lookupEnv is os.LookupEnv outside of
// tests; w must be safe for concurrent use (see zapcore.Lock).
func NewLogger(lookupEnv func(string) (string, bool), w zapcore.WriteSyncer) *zap.Logger {
	level, _ := levelFromEnv(lookupEnv) // The service's logger reports the error.
	return zap.New(newCore(level, encodingFromEnv(lookupEnv), w)).Named(loggerName)
}

// levelFromEnv returns a level in every case: the default one, too, when there is an error.
func levelFromEnv(lookupEnv func(string) (string, bool)) (zapcore.Level, error) {
	value, _ := lookupEnv(levelVar)
	if value = strings.TrimSpace(value); value == "" {
		return defaultLevel, nil
	}
	level, err := zapcore.ParseLevel(value)
	if err != nil {
		return defaultLevel, fmt.Errorf("%q is %q, which is not a level, and %s is used: set it to debug, info, warn or error",
			levelVar, value, defaultLevel)
	}
	return level, nil
}

func encodingFromEnv(lookupEnv func(string) (string, bool)) string {
	for _, name := range []string{ownFormatVar, formatVar} {
		value, _ := lookupEnv(name)
		if value = strings.TrimSpace(value); strings.EqualFold(value, encodingJSON) {
			return encodingJSON
		} else if value != "" {
			break
		}
	}
	return encodingConsole
}

func newCore(level zapcore.Level, encoding string, w zapcore.WriteSyncer) zapcore.Core {
	config := zapcore.EncoderConfig{
		LevelKey:       "level",
		NameKey:        "logger",
		MessageKey:     "message",
		EncodeLevel:    zapcore.CapitalLevelEncoder,
		EncodeDuration: zapcore.StringDurationEncoder,
	}
	var encoder zapcore.Encoder
	if encoding == encodingJSON {
		config.TimeKey = "timestamp"
		config.EncodeTime = func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendString(t.UTC().Format(timestampLayout))
		}
		encoder = zapcore.NewJSONEncoder(config)
	} else {
		config.ConsoleSeparator = " "
		config.EncodeTime = zapcore.ISO8601TimeEncoder // Of fields only, as there is no TimeKey.
		config.EncodeName = func(name string, enc zapcore.PrimitiveArrayEncoder) { enc.AppendString(name + ":") }
		encoder = lineEncoder{zapcore.NewConsoleEncoder(config)}
	}
	return zapcore.NewCore(encoder, w, level)
}

// lineEncoder makes one line of every record: zap's console encoder escapes the fields, but writes the message as it
// is, and messages that quote an error often have several lines.
type lineEncoder struct {
	zapcore.Encoder
}

func (e lineEncoder) Clone() zapcore.Encoder {
	return lineEncoder{e.Encoder.Clone()}
}

func (e lineEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	if strings.ContainsAny(entry.Message, "\r\n") {
		entry.Message = strings.Join(strings.Fields(entry.Message), " ")
	}
	return e.Encoder.EncodeEntry(entry, fields)
}
