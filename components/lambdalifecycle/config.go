// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"cmp"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

// Config is the configuration of the lambda_lifecycle extension.
type Config struct {
	// Policy says when buffered telemetry leaves: "adaptive", "end" (after each invocation), "periodic" (beside the
	// function) or "continuous" (by timer, where the environment is not frozen; else like "end"). Managed Instances,
	// and environments without the Telemetry API, are always "continuous". docs/flush-policies.md compares them.
	// Default: the variable OTELCOL_LAMBDA_FLUSH_POLICY, or "adaptive".
	Policy flushpolicy.Kind `mapstructure:"policy"`
	// FlushInterval is how long data may wait for an invocation to flush beside, under "adaptive" and "periodic", and
	// the time between two flushes under "continuous". More than 0. Default 20s; 1s when continuous.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// SparseGap is the mean time between invocations from which "adaptive" holds the environment until each
	// invocation has ended, so that no data waits in a frozen environment. Lower it to have the last data of a burst
	// sooner, for about 25 ms and an export of billed time per invocation. More than 0. Default 60s.
	SparseGap time.Duration `mapstructure:"sparse_gap"`
	// FlushTimeout bounds one flush: the longest time that exporting may add to an invocation.
	// More than 0. Default 2s.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
	// DeadlineMargin is how long before the deadline of an invocation or a shutdown everything must have ended. A
	// function that is still running then is about to time out: what it has said so far is exported in this time.
	// At least 100ms: below that a starved CPU does not get to act. Default 200ms.
	DeadlineMargin time.Duration `mapstructure:"deadline_margin"`
}

// policyVar sets the flush policy for those who have no YAML.
const policyVar = "OTELCOL_LAMBDA_FLUSH_POLICY"

const (
	minDeadlineMargin = 100 * time.Millisecond
	// intervalBeside is how old data gets for which no export is cheap enough, while invocations come: three exports
	// a minute cost little, whatever they cost.
	intervalBeside = 20 * time.Second
	// intervalContinuous is as short as somebody who watches can tell.
	intervalContinuous = time.Second
)

func createDefaultConfig(lookupEnv func(string) (string, bool)) component.Config {
	policy, _ := lookupEnv(policyVar)
	return &Config{
		Policy:    cmp.Or(flushpolicy.Kind(policy), flushpolicy.Adaptive),
		SparseGap: time.Minute,
		// A first export to another region over TLS takes 300-800 ms; a Lambda function times out after 3 s by
		// default.
		FlushTimeout:   2 * time.Second,
		DeadlineMargin: 200 * time.Millisecond,
	}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	errs := []error{c.policy().Validate()}
	if c.FlushInterval < 0 {
		errs = append(errs, errors.New("flush_interval must be more than 0"))
	}
	if c.SparseGap <= 0 {
		errs = append(errs, errors.New("sparse_gap must be more than 0"))
	}
	if c.FlushTimeout <= 0 {
		errs = append(errs, errors.New("flush_timeout must be more than 0"))
	}
	if c.DeadlineMargin < minDeadlineMargin {
		errs = append(errs, errors.New("deadline_margin must be at least 100ms"))
	}
	return errors.Join(errs...)
}

func (c *Config) policy() flushpolicy.Config {
	interval := intervalBeside
	if c.Policy == flushpolicy.Continuous {
		interval = intervalContinuous
	}
	return flushpolicy.Config{Kind: c.Policy, Interval: cmp.Or(c.FlushInterval, interval), SparseGap: c.SparseGap}
}
