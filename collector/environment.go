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
	// strictVar is for those who want a function with an invalid configuration to fail.
	strictVar = "OTELCOL_LAMBDA_STRICT"
	// memoryVar is the memory of the function in MB (of 1,048,576 bytes), which we share with it.
	memoryVar = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
	// ownMetricsVar set to false leaves out the metrics about the export itself.
	ownMetricsVar = "OTELCOL_LAMBDA_OWN_METRICS"
)

// environment is the process environment.
type environment struct {
	lookup func(string) (string, bool)
	exists func(path string) bool
}

// configURIs says where the configuration is. The first that is there wins: what a variable names, what another layer
// brings, the ROTEL_* variables.
func (e environment) configURIs() []string {
	uri, _ := e.config()
	return []string{uri}
}

// config returns the URI of the configuration, and the variable that names it, if one does.
func (e environment) config() (uri, variable string) {
	for _, name := range []string{configURIVar, configFileVar} {
		if uri, _ := e.lookup(name); uri != "" {
			return uri, name
		}
	}
	if e.exists(layerConfig) {
		return "file:" + layerConfig, ""
	}
	return environmentConfig, ""
}

// configSource says where the configuration is, for the user, without what may be a secret: the text of a YAML, the
// credentials and the query of a URL.
func (e environment) configSource() string {
	switch uri, variable := e.config(); {
	case uri == environmentConfig:
		return "the ROTEL_* variables of the function"
	case strings.HasPrefix(uri, "yaml:"):
		return "the YAML in " + variable
	case isText(uri):
		return "the YAML in " + variable + ": it must begin with yaml:"
	default:
		return strconv.Quote(withoutSecrets(uri, uri))
	}
}

// advice is one line about an invalid configuration and where to mend it.
func (e environment) advice(err error) string {
	uri, _ := e.config()
	return withoutSecrets(oneLine(err), uri) + " (check " + e.configSource() + ")"
}

// isText tells a YAML whose "yaml:" was forgotten from a URI.
func isText(uri string) bool { return strings.ContainsAny(uri, " \t\n{") }

// withoutSecrets takes the credentials and the query of a URI out of a text in one line; queries of S3's presigned URLs
// are credentials, too. All of a YAML is taken out.
func withoutSecrets(text, uri string) string {
	if isText(uri) {
		inLine := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		return strings.NewReplacer(inLine(uri), "…", inLine(strconv.Quote(uri)), "…").Replace(text)
	}
	address, query, _ := strings.Cut(uri, "?")
	if query != "" {
		text = strings.ReplaceAll(text, query, "…")
	}
	if _, authority, found := strings.Cut(address, "://"); found {
		authority, _, _ = strings.Cut(authority, "/")
		if at := strings.LastIndexByte(authority, '@'); at > 0 {
			text = strings.ReplaceAll(text, authority[:at], "…")
		}
	}
	return text
}

// strict says that what is wrong with the configuration is an error of INIT.
func (e environment) strict() bool {
	value, _ := e.lookup(strictVar)
	strict, _ := strconv.ParseBool(value)
	return strict
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

// ownMetrics says that the metrics about the export itself are wanted: unless the variable is false.
func (e environment) ownMetrics() bool {
	value, _ := e.lookup(ownMetricsVar)
	on, err := strconv.ParseBool(value)
	return on || err != nil
}

// memoryLimit is the heap size from which the garbage collector works harder: what a full buffer takes, and what the
// Collector needs besides. It is not a hard limit.
func (e environment) memoryLimit() int64 {
	return 32*mib + 4*e.bufferBytes()
}
