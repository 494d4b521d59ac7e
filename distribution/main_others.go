// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build distribution

// This file takes the place of the one that the OpenTelemetry Collector Builder generates under the same name: it is
// where the generated program becomes a Lambda extension. It is copied into the generated module,
// which is built with the tag.
package main

import (
	"errors"
	"os"

	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-lambda/otelcol-lambda/collector"
)

func run(set otelcol.CollectorSettings) error {
	err := collector.Run(set)
	if errors.Is(err, collector.ErrUsage) {
		os.Exit(2)
	}
	return err // main ends with 1
}
