// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdatelemetry

import (
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/confmap"
)

// Names of the encodings: the stock ones of service::telemetry::logs::encoding.
const (
	encodingConsole = "console"
	encodingJSON    = "json"
)

// Config is service::telemetry of a Collector configuration.
type Config struct {
	Logs LogsConfig `mapstructure:"logs"`

	// Metrics, Traces and Resource are accepted and have no effect.
	Metrics  Ignored `mapstructure:"metrics"`
	Traces   Ignored `mapstructure:"traces"`
	Resource Ignored `mapstructure:"resource"`
}

// LogsConfig is service::telemetry::logs.
type LogsConfig struct {
	// Level is the lowest level that is logged. Default: OPENTELEMETRY_EXTENSION_LOG_LEVEL, else warn.
	Level zapcore.Level `mapstructure:"level"`

	// Encoding is "console" (text lines) or "json". Default: ROTEL_LOG_FORMAT, else json if
	// AWS_LAMBDA_LOG_FORMAT is JSON, else console.
	Encoding string `mapstructure:"encoding"`

	// ignored are the other keys that were set, sorted.
	ignored []string
}

// Unmarshal implements confmap.Unmarshaler: it notes the keys that have no effect instead of refusing them.
func (c *LogsConfig) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c, confmap.WithIgnoreUnused()); err != nil {
		return err
	}
	for _, key := range conf.AllKeys() {
		key, _, _ = strings.Cut(key, confmap.KeyDelimiter)
		if key != "level" && key != "encoding" {
			c.ignored = append(c.ignored, key)
		}
	}
	c.ignored = slices.Compact(c.ignored)
	return nil
}

// Validate implements confmap.Validator.
func (c *LogsConfig) Validate() error {
	if c.Encoding != encodingConsole && c.Encoding != encodingJSON {
		return fmt.Errorf("encoding %q is not supported: use %q or %q", c.Encoding, encodingConsole, encodingJSON)
	}
	return nil
}

// Ignored is a section that is accepted and has no effect. Nothing of it is kept: it may hold secrets, which
// printing the configuration would show.
type Ignored struct {
	set bool
}

// Unmarshal implements confmap.Unmarshaler.
func (i *Ignored) Unmarshal(conf *confmap.Conf) error {
	i.set = len(conf.AllKeys()) > 0
	return nil
}

// ignored lists the keys that were set and have no effect, below service::telemetry.
func (c *Config) ignored() []string {
	var keys []string
	for _, key := range c.Logs.ignored {
		keys = append(keys, "logs::"+key)
	}
	for _, section := range []struct {
		name string
		Ignored
	}{{"metrics", c.Metrics}, {"traces", c.Traces}, {"resource", c.Resource}} {
		if section.set {
			keys = append(keys, section.name)
		}
	}
	return keys
}
