// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdaemulator is a Lambda execution environment on this machine: it runs a real function and the real
// extensions of a layer, and does to them what Lambda does. Tests, the demo and benchmarks use it.
//
//	f, err := lambdaemulator.New(lambdaemulator.Config{Layer: "dist/layer.zip", Function: "dist/function"})
//	defer f.Close()
//	result, err := f.Invoke(ctx, []byte(`{"key":"value"}`)) // INIT, INVOKE, then frozen
//	err = f.Shutdown(ctx, lambdaapi.Spindown)
//
// The processes speak with the emulator over the Runtime API (2018-06-01), the Extensions API (2020-01-01) and the
// Telemetry API (2022-07-01), which listen on one free port of 127.0.0.1. Between invocations they are frozen, and
// nothing is delivered to them. On Managed Instances (managed.go) invocations run side by side, and nothing is ever frozen.
// Lines tells what they wrote, Timeline what happened.
//
// A Function has at most one sandbox, the run of its processes from INIT to shutdown or reset, and one relay, which
// carries telemetry to the extensions that subscribed. Who has the turn (init.go, invoke.go, shutdown.go) moves the
// sandbox from phase to phase; the API handlers (runtimeapi.go, extensionsapi.go, telemetryapi.go) and the ends of
// processes only record what happened in it, under Function.mu, and wake who waits.
//
// Not emulated: SnapStart's restore, memory limits, TCP destinations of the Telemetry API.
//
// Where Lambda is undocumented, the Runtime Interface Emulator's source decides, and the comment says so.
package lambdaemulator
