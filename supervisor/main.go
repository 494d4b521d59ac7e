// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The supervisor is the one executable of the layer in /opt/extensions. It registers with the Extensions API within
// milliseconds, because Lambda starts the function's runtime only once every extension has registered; it starts the
// collector beside it and hands it the lifecycle events; and it answers event/next itself whenever the collector
// cannot. Whatever happens to the collector, the function runs as if we were not there.
//
// Every function pays for this program's start-up and memory: it imports as little as it can, and no HTTP library
// (net/http costs 1.4 ms of CPU and 3.4 MB of resident memory before the first request).
package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// collectorPath is the collector's place in the layer, beside extensions/: Lambda executes every file inside
// extensions/.
const collectorPath = "../otelcol-lambda/collector"

// errOutside is for whoever calls the program themselves.
var errOutside = errors.New("AWS_LAMBDA_RUNTIME_API is not set: Lambda calls this program, or lambda-emulator does; " +
	"to check a configuration call otelcol-lambda/collector of the layer")

func main() {
	log := logger{out: os.Stderr, json: jsonLogs(os.Getenv("ROTEL_LOG_FORMAT"), os.Getenv("AWS_LAMBDA_LOG_FORMAT"))}
	if err := run(log); err != nil {
		log.error(err.Error())
		os.Exit(1)
	}
}

func run(log logger) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	api := &runtimeAPI{addr: os.Getenv("AWS_LAMBDA_RUNTIME_API")}
	if api.addr == "" {
		return errOutside
	}
	// The request is on its way before anything else is done; the collector's start overlaps with Lambda's answer.
	// Managed Instances refuse INVOKE with Extension.InvalidEventType: they run invocations concurrently and announce
	// only the end.
	initialization := os.Getenv(lambdaapi.InitializationTypeVar)
	managed := initialization == lambdaapi.ManagedInstances
	events := `{"events":["INVOKE","SHUTDOWN"]}`
	if managed {
		events = `{"events":["SHUTDOWN"]}`
	}
	if err := api.startRegister(filepath.Base(executable), events); err != nil {
		return err
	}
	// It relays one event at a time. A second thread would only look for work: a fifth of the CPU of a warm invocation.
	runtime.GOMAXPROCS(1)
	s := &supervisor{
		api:     api,
		log:     log,
		now:     time.Now,
		managed: managed,
		ahead:   lambdaapi.StartedAhead(initialization),
		start: func(telemetry *os.File) (*collector, error) {
			return startCollector(filepath.Join(filepath.Dir(executable), collectorPath), telemetry)
		},
	}
	return s.run()
}
