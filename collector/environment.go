// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"strconv"
	"strings"
)

const (
	// configURIVar names the configuration, as with the opentelemetry-lambda layer; configFileVar is its old name.
	configURIVar  = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"
	configFileVar = "OPENTELEMETRY_COLLECTOR_CONFIG_FILE"
	// layerConfig is where another layer of the user's may bring a configuration.
	layerConfig = "/opt/collector-config/config.yaml"
	// environmentConfig makes the configuration from the ROTEL_* variables.
	environmentConfig = "rotel:env"
	// memoryVar is the memory of the function in MB (of 1,048,576 bytes), which we share with it.
	memoryVar = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
)

// environment is the process environment.
type environment struct {
	lookup func(string) (string, bool)
	exists func(path string) bool
}

// configURIs says where the configuration is. The first that is there wins: what a variable names, what another layer
// brings, the ROTEL_* variables.
func (e environment) configURIs() []string {
	for _, name := range []string{configURIVar, configFileVar} {
		if uri, _ := e.lookup(name); uri != "" {
			return []string{uri}
		}
	}
	if e.exists(layerConfig) {
		return []string{"file:" + layerConfig}
	}
	return []string{environmentConfig}
}

// advice is one line about an invalid configuration and where to mend it. Only the path of a file is shown: any other
// URI may hold secrets, and so may what was meant to be one.
func (e environment) advice(err error) string {
	what := oneLine(err)
	uri := e.configURIs()[0]
	path, _ := strings.CutPrefix(uri, "file:")
	switch {
	case uri == environmentConfig:
		return what + " (check the ROTEL_* variables of the function)"
	case strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "\n "):
		return what + " (check " + strconv.Quote(path) + ")"
	default:
		shown := strings.Join(strings.Fields(uri), " ")
		return strings.ReplaceAll(what, shown, "…") + " (check what " + configURIVar + " names)"
	}
}

// oneLine is the error in one line: YAML and joined errors have several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

const mib = 1 << 20

// functionMemory is the memory of the function in bytes, 0 outside of Lambda.
func (e environment) functionMemory() int64 {
	value, _ := e.lookup(memoryVar)
	mb, err := strconv.ParseInt(value, 10, 64)
	if err != nil || mb < 0 {
		return 0
	}
	return mb * mib
}

// bufferBytes is how much telemetry waits for a backend at most, in bytes of OTLP: a sixteenth of the function's memory
// (in memory it takes two to four times as much), which is 8 MiB, or some 15,000 log lines, for the smallest one.
func (e environment) bufferBytes() int64 {
	return min(max(e.functionMemory()/16, 8*mib), 64*mib)
}

// memoryLimit is the heap size from which the garbage collector works harder: what a full buffer takes, and what the
// Collector needs besides. It is not a hard limit.
func (e environment) memoryLimit() int64 {
	return 32*mib + 4*e.bufferBytes()
}
