// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"fmt"
	"slices"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Config is the configuration of the telemetryapi receiver.
type Config struct {
	// Types says which telemetry becomes log records: any of "function" (what the function logs), "extension" (what
	// extensions log, this Collector among them) and "platform" (Lambda's own events, such as platform.start, as JSON).
	// At least one. Whatever it says, platform events are subscribed to, because they tell which invocation a line
	// belongs to, and platform.logsDropped becomes a warning, because it says that lines are missing.
	// Default: function, extension.
	Types []string `mapstructure:"types"`
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	known := []string{lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension, lambdaapi.TelemetryPlatform}
	if len(c.Types) == 0 {
		return fmt.Errorf("types: must name at least one of %q", known)
	}
	for _, name := range c.Types {
		if !slices.Contains(known, name) {
			return fmt.Errorf("types: unknown type %q: use any of %q", name, known)
		}
	}
	return nil
}
