// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLevelFromEnvironment(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]zapcore.Level{
		"":        zapcore.WarnLevel,
		" ":       zapcore.WarnLevel,
		"debug":   zapcore.DebugLevel,
		"INFO":    zapcore.InfoLevel,
		"Warn":    zapcore.WarnLevel,
		" error ": zapcore.ErrorLevel,
		"verbose": zapcore.WarnLevel,
	} {
		logger := NewLogger(env{levelVar: value}.lookup, &output{})
		assert.Equal(t, want, logger.Level(), "%q", value)
	}
	assert.Equal(t, zapcore.WarnLevel, NewLogger(env{}.lookup, &output{}).Level())
}

func TestInvalidLevelNamesTheVariable(t *testing.T) {
	t.Parallel()
	_, err := levelFromEnv(env{levelVar: "verbose"}.lookup)
	require.EqualError(t, err, `"OPENTELEMETRY_EXTENSION_LOG_LEVEL" is "verbose", which is not a level, and warn is used: set it to debug, info, warn or error`)
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		log  func(*zap.Logger)
		want string
	}{
		{
			name: "message",
			log:  func(l *zap.Logger) { l.Warn("no endpoint") },
			want: "WARN otelcol-lambda: no endpoint\n",
		},
		{
			name: "fields",
			log: func(l *zap.Logger) {
				l.With(zap.String("otelcol.component.id", "otlp_grpc")).
					Error("export failed", zap.Duration("after", 1500*time.Millisecond), zap.Int("spans", 3))
			},
			want: `ERROR otelcol-lambda: export failed {"otelcol.component.id": "otlp_grpc", "after": "1.5s", "spans": 3}` + "\n",
		},
		{
			name: "lines in the message",
			log:  func(l *zap.Logger) { l.Error("cannot load:\r\n\n\t'exporters' unknown type\n") },
			want: "ERROR otelcol-lambda: cannot load: 'exporters' unknown type\n",
		},
		{
			name: "lines in an error",
			log:  func(l *zap.Logger) { l.Error("cannot load", zap.Error(errors.New("a\nb"))) },
			want: `ERROR otelcol-lambda: cannot load {"error": "a\nb"}` + "\n",
		},
		{
			name: "several errors",
			log: func(l *zap.Logger) {
				l.Error("cannot load", zap.Error(errors.Join(errors.New("a"), errors.New("b"))))
			},
			want: `ERROR otelcol-lambda: cannot load {"error": "a\nb"}` + "\n",
		},
		{
			name: "no stack, no caller",
			log:  func(l *zap.Logger) { l.DPanic("odd") },
			want: "DPANIC otelcol-lambda: odd\n",
		},
		{
			name: "below the level",
			log:  func(l *zap.Logger) { l.Info("ready") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out output
			tt.log(NewLogger(env{formatVar: "Text"}.lookup, &out))
			assert.Equal(t, tt.want, out.String())
		})
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"JSON", "json"} {
		var out output
		NewLogger(env{formatVar: format}.lookup, &out).Error("two\nlines", zap.Error(errors.New("a\nb")))

		line := out.String()
		assert.Equal(t, 1, strings.Count(line, "\n"))
		var record map[string]string
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		_, err := time.Parse(time.RFC3339, record["timestamp"])
		require.NoError(t, err)
		delete(record, "timestamp")
		assert.Equal(t, map[string]string{
			"level": "ERROR", "logger": "otelcol-lambda", "message": "two\nlines", "error": "a\nb",
		}, record)
	}
}

func FuzzRecordIsOneLine(f *testing.F) {
	f.Add("message", "value")
	f.Add("a\nb\r\nc\r", "a\nb")
	f.Add("\xff\x00", "\xff\x00\u2028")
	f.Fuzz(func(t *testing.T, message, value string) {
		for _, format := range []string{"Text", "JSON"} {
			var out output
			NewLogger(env{formatVar: format}.lookup, &out).
				With(zap.String(value, value)).Named(loggerName).Warn(message, zap.Error(errors.New(value)), zap.Any("any", []string{value}))
			line := out.String()
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || strings.Contains(line, "\r") {
				t.Fatalf("not one line: %q", line)
			}
		}
	})
}

func BenchmarkNewLogger(b *testing.B) {
	lookup := env{levelVar: "info", formatVar: "JSON"}.lookup
	out := &output{}
	b.ReportAllocs()
	for b.Loop() {
		NewLogger(lookup, out)
	}
}

func TestEncodingFromEnv(t *testing.T) {
	t.Parallel()
	for want, environments := range map[string][]env{
		encodingJSON:    {{formatVar: "JSON"}, {formatVar: "json"}, {ownFormatVar: "Json", formatVar: "Text"}, {ownFormatVar: " ", formatVar: "JSON"}},
		encodingConsole: {{}, {formatVar: "Text"}, {ownFormatVar: "text", formatVar: "JSON"}},
	} {
		for _, e := range environments {
			assert.Equal(t, want, encodingFromEnv(e.lookup), "%v", e)
		}
	}
}
