// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the configuration of the lambda_lifecycle extension.
type Config struct {
	// FlushTimeout bounds one flush: the longest time that exporting may add to an invocation.
	// More than 0. Default 2s.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
	// DeadlineMargin is how long before the deadline of an invocation or a shutdown everything must have ended. A
	// function that is still running then is about to time out: what it has said so far is exported in this time.
	// At least 100ms: below that a starved CPU does not get to act. Default 200ms.
	DeadlineMargin time.Duration `mapstructure:"deadline_margin"`
}

const minDeadlineMargin = 100 * time.Millisecond

func createDefaultConfig() component.Config {
	return &Config{
		// A first export to another region over TLS takes 300-800 ms; a Lambda function times out after 3 s by
		// default.
		FlushTimeout:   2 * time.Second,
		DeadlineMargin: 200 * time.Millisecond,
	}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	if c.FlushTimeout <= 0 {
		errs = append(errs, errors.New("flush_timeout must be more than 0"))
	}
	if c.DeadlineMargin < minDeadlineMargin {
		errs = append(errs, errors.New("deadline_margin must be at least 100ms"))
	}
	return errors.Join(errs...)
}
