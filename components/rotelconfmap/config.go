// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"slices"
	"strings"
)

const (
	attributesVar  = prefix + "OTEL_RESOURCE_ATTRIBUTES"
	debugVar       = prefix + "DEBUG_LOG"
	debugDetailVar = prefix + "DEBUG_LOG_VERBOSITY"

	// The layer's own log. ownLevelVar is the layer's own variable, and comes before Rotel's.
	levelVar    = prefix + "LOG_LEVEL"
	formatVar   = prefix + "LOG_FORMAT"
	ownLevelVar = "OPENTELEMETRY_EXTENSION_LOG_LEVEL"

	// yamlVar names the variable that is the way out of all that these variables cannot express.
	yamlVar = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"

	logsSignal    = "logs"
	nopExporter   = "nop"
	debugExporter = "debug"
)

// signals is what a function can send, in the order in which exporters are looked at.
var signals = []string{logsSignal, "metrics", "traces"}

// buildConfig returns a Collector configuration. It is of no use if vars.err is not nil.
func buildConfig(vars *variables, has Components) map[string]any {
	exporters := newExporters(vars, has)
	exporters.addAll()
	debugged := exporters.addDebug()
	sources := sourcesOf(vars, exporters.take)
	attributes := resourceAttributes(vars)

	pipelines := map[string]any{}
	for _, signal := range signals {
		if len(sources[signal]) == 0 {
			continue
		}
		pipeline := map[string]any{"receivers": sources[signal], "exporters": exporters.of(signal)}
		if len(attributes) > 0 {
			pipeline["processors"] = []any{"resource"}
		}
		pipelines[signal] = pipeline
	}

	service := map[string]any{"pipelines": pipelines}
	config := map[string]any{
		"receivers": receivers(vars, sources, slices.Contains(debugged, logsSignal)),
		"exporters": exporters.section,
		"service":   service,
	}
	if len(attributes) > 0 {
		config["processors"] = map[string]any{"resource": map[string]any{"attributes": attributes}}
	}
	if len(exporters.extensions) > 0 {
		config["extensions"] = exporters.extensions
		service["extensions"] = sortedIDs(exporters.extensions)
	}
	if logs := ownLog(vars); len(logs) > 0 {
		service["telemetry"] = map[string]any{"logs": logs}
	}
	return config
}

// resourceAttributes returns the actions of the resource processor.
func resourceAttributes(vars *variables) []any {
	value := vars.get(attributesVar)
	if isReference(value) {
		return []any{upsert(listKey(attributesVar), resolvable(value))}
	}
	pairs, err := parsePairs(value)
	if err != nil {
		vars.reject(attributesVar, "%s", err)
	}
	var actions []any
	for _, p := range pairs {
		actions = append(actions, upsert(resolvable(p.name), resolvable(p.value)))
	}
	return actions
}

func upsert(key, value string) map[string]any {
	return map[string]any{"key": key, "value": value, "action": "upsert"}
}

// ownLog returns service::telemetry::logs.
func ownLog(vars *variables) map[string]any {
	logs := map[string]any{}
	if vars.get(ownLevelVar) == "" {
		if level := levelOf(vars.get(levelVar)); level != "" {
			logs["level"] = level
		}
	}
	if vars.get(formatVar) != "" {
		logs["encoding"] = map[string]string{"text": "console", "json": "json"}[vars.choice(formatVar, "text", "json")]
	}
	return logs
}

// levelOf returns the level of the Collector's log for a filter of Rust's tracing crate, such as info or warn,h2=off:
// what it says of single modules has no meaning here. It is "" if the filter has no level.
func levelOf(filter string) string {
	for directive := range strings.SplitSeq(strings.ToLower(filter), ",") {
		switch directive = strings.TrimSpace(directive); directive {
		case "trace", "debug":
			return "debug"
		case "info", "warn", "error":
			return directive
		case "off":
			return "error"
		}
	}
	return ""
}
