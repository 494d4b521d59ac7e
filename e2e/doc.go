// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the built layer with what its users run: functions on AWS's own runtime clients, instrumented with
// OpenTelemetry's own packages, all from the package registries. `make e2e` installs them (install.mk) and runs the
// tests, which have the build tag e2e.
//
// Each language has a folder in functions/: the function, the bootstrap that a managed runtime would bring, and in
// layer/ what OpenTelemetry's layer for the language does. All functions understand the same events:
//
//	{"do":"ok","line":"…"}     writes the line in a span "work", counts the metric "e2e.invocations" and answers
//	{"do":"error","line":"…"}  the same, but fails with "boom"
//	{"do":"hang","line":"…"}   the same, but never answers
package e2e
