// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Config is the configuration of the telemetryapi receiver. Keys of the receiver of that name in opentelemetry-lambda
// are understood; where two say the same, the one of that receiver wins.
type Config struct {
	// Types says which telemetry becomes log records: any of "function" (what the function logs), "extension" (what
	// extensions log, this Collector among them) and "platform" (Lambda's own events, such as platform.start, as JSON).
	// With none there are no log records but those about errors. Whatever it says, platform events are subscribed to,
	// because they tell which invocation a line belongs to, and platform.logsDropped becomes a warning, because it says
	// that lines are missing.
	// Default: function, extension.
	Types []string `mapstructure:"types"`

	// Logs, Traces and Metrics are about what comes out where the receiver is in a pipeline of that kind.
	Logs    LogsConfig    `mapstructure:"logs"`
	Traces  TracesConfig  `mapstructure:"traces"`
	Metrics MetricsConfig `mapstructure:"metrics"`

	// Buffering is how Lambda batches telemetry before it delivers it. The environment has one subscription: of several
	// receivers' wishes the shortest timeout and the largest sizes count.
	Buffering BufferingConfig `mapstructure:"buffering"`

	// LogReport also writes the line REPORT RequestId: …, as CloudWatch shows it, for each platform.report.
	// Default false.
	LogReport bool `mapstructure:"log_report"`
	// MetricsTemporality is metrics::temporality by another name.
	MetricsTemporality string `mapstructure:"metrics_temporality"`
	// ExportIntervalMs is metrics::interval by another name, in milliseconds. Not negative; 0 leaves that.
	ExportIntervalMs int `mapstructure:"export_interval_ms"`
	// Port is accepted and has no effect: the telemetry socket is open, on a port that is free, before the configuration
	// is read, so that it outlives a Collector that crashes. From 0 to 65535.
	Port int `mapstructure:"port"`
}

// LogsConfig is about log records.
type LogsConfig struct {
	// FunctionLevel and ExtensionLevel are the lowest severities of lines that are kept: trace, debug, info, warn, error
	// or fatal. A line that names no level is kept. Default: empty, everything.
	FunctionLevel  string `mapstructure:"function_level"`
	ExtensionLevel string `mapstructure:"extension_level"`
	// Own keeps what this Collector and its supervisor log about themselves. Default true.
	Own bool `mapstructure:"own"`
}

// TracesConfig is about spans.
type TracesConfig struct {
	// Invocation says when there is a span for an invocation: "always", "never", or "auto", which leaves it to an
	// OpenTelemetry SDK in the function where one makes such spans (with faas.invocation_id), and makes one where the SDK
	// could not: when the function timed out or crashed. Default auto.
	Invocation string `mapstructure:"invocation"`
}

// MetricsConfig is about metrics.
type MetricsConfig struct {
	// Temporality is "delta" or "cumulative". A cumulative series has the environment's id on its resource, as each
	// environment counts for itself. Default delta.
	Temporality string `mapstructure:"temporality"`
	// Interval is how long to collect before the next data points, which go with the end of an invocation; what is left
	// goes at shutdown. More than 0. Default 1m, as with SDKs.
	Interval time.Duration `mapstructure:"interval"`
}

// BufferingConfig is about batches. Limits: Lambda Developer Guide, "Telemetry API reference".
type BufferingConfig struct {
	// Timeout is how long Lambda collects at most: from 25ms to 30s, in whole milliseconds. The Collector learns so much
	// later that an invocation has ended: where it flushes then, the environment is billed for the difference. Default 25ms.
	Timeout time.Duration `mapstructure:"timeout"`
	// MaxBytes ends a batch, too: from 262144 to 1048576. A longer record is cut, and put together again here. Lambda's
	// buffer, of that size, is a part of the function's memory. Default 1048576.
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxItems ends a batch, too: from 1000 to 10000. Lambda drops what a function logs faster than batches are taken.
	// Default 10000.
	MaxItems int `mapstructure:"max_items"`
}

func (c BufferingConfig) validate() error {
	const minTimeout, maxTimeout = lambdaapi.MinTimeoutMs * time.Millisecond, lambdaapi.MaxTimeoutMs * time.Millisecond
	var errs []error
	if c.Timeout < minTimeout || c.Timeout > maxTimeout || c.Timeout%time.Millisecond != 0 {
		errs = append(errs, fmt.Errorf("buffering::timeout: %s is not from %s to %s in whole milliseconds", c.Timeout, minTimeout, maxTimeout))
	}
	if c.MaxBytes < lambdaapi.MinBytes || c.MaxBytes > lambdaapi.MaxBytes {
		errs = append(errs, fmt.Errorf("buffering::max_bytes: %d is not from %d to %d", c.MaxBytes, lambdaapi.MinBytes, lambdaapi.MaxBytes))
	}
	if c.MaxItems < lambdaapi.MinItems || c.MaxItems > lambdaapi.MaxItems {
		errs = append(errs, fmt.Errorf("buffering::max_items: %d is not from %d to %d", c.MaxItems, lambdaapi.MinItems, lambdaapi.MaxItems))
	}
	return errors.Join(errs...)
}

const (
	spanAuto   = "auto"
	spanAlways = "always"
	spanNever  = "never"

	delta      = "delta"
	cumulative = "cumulative"
)

func createDefaultConfig() component.Config {
	buffering := lambdaapi.DefaultBuffering()
	return &Config{
		Types:  []string{lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension},
		Logs:   LogsConfig{Own: true},
		Traces: TracesConfig{Invocation: spanAuto},
		// A function that is called often does not pay for a request per invocation; after one that is called seldom,
		// nothing waits in a frozen environment.
		Metrics: MetricsConfig{Temporality: delta, Interval: time.Minute},
		Buffering: BufferingConfig{
			Timeout:  time.Duration(buffering.TimeoutMs) * time.Millisecond,
			MaxBytes: buffering.MaxBytes,
			MaxItems: buffering.MaxItems,
		},
	}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	for _, name := range c.Types {
		errs = append(errs, oneOf("types", name, lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension, lambdaapi.TelemetryPlatform))
	}
	errs = append(errs,
		level("logs::function_level", c.Logs.FunctionLevel),
		level("logs::extension_level", c.Logs.ExtensionLevel),
		oneOf("traces::invocation", c.Traces.Invocation, spanAuto, spanAlways, spanNever),
		oneOf("metrics::temporality", c.Metrics.Temporality, delta, cumulative),
	)
	if c.MetricsTemporality != "" {
		errs = append(errs, oneOf("metrics_temporality", c.MetricsTemporality, delta, cumulative))
	}
	if c.Metrics.Interval <= 0 {
		errs = append(errs, errors.New("metrics::interval: must be more than 0"))
	}
	errs = append(errs, c.Buffering.validate())
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("port: %d is not from 0 to 65535", c.Port))
	}
	if c.ExportIntervalMs < 0 {
		errs = append(errs, errors.New("export_interval_ms: must not be negative"))
	}
	return errors.Join(errs...)
}

func oneOf(key, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s: unknown value %q: use one of %q", key, value, known)
}

func level(key, value string) error {
	if _, known := severity(value); value != "" && !known {
		return fmt.Errorf("%s: unknown level %q: use trace, debug, info, warn, error or fatal", key, value)
	}
	return nil
}

func (c *Config) logs(kind string) bool { return slices.Contains(c.Types, kind) }

func (c *Config) buffering() lambdaapi.Buffering {
	b := c.Buffering
	return lambdaapi.Buffering{MaxItems: b.MaxItems, MaxBytes: b.MaxBytes, TimeoutMs: int(b.Timeout.Milliseconds())}
}

func (c *Config) temporality() string {
	if c.MetricsTemporality != "" {
		return c.MetricsTemporality
	}
	return c.Metrics.Temporality
}

func (c *Config) interval() time.Duration {
	if c.ExportIntervalMs > 0 {
		return time.Duration(c.ExportIntervalMs) * time.Millisecond
	}
	return c.Metrics.Interval
}
