// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"net"
	"reflect"
	"slices"
	"strings"
)

const (
	endpointVar    = exporterPrefix + "ENDPOINT"
	exporterVar    = prefix + "EXPORTER"
	exportersVar   = prefix + "EXPORTERS"
	attributesVar  = prefix + "OTEL_RESOURCE_ATTRIBUTES"
	debugVar       = prefix + "DEBUG_LOG"
	debugDetailVar = prefix + "DEBUG_LOG_VERBOSITY"
	grpcVar        = prefix + "OTLP_GRPC_ENDPOINT"
	httpVar        = prefix + "OTLP_HTTP_ENDPOINT"

	// yamlVar names the variable that is the way out of all that these variables cannot express.
	yamlVar = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"

	nopExporter   = "nop"
	debugExporter = "debug"
)

// signals is what a function can send, in the order in which exporters are looked at.
var signals = []string{"logs", "metrics", "traces"}

// buildConfig returns a Collector configuration. It is of no use if vars.err is not nil.
func buildConfig(vars *variables) map[string]any {
	exporters, bySignal := otlpExporters(vars)
	debugged := addDebugExporter(vars, exporters, bySignal)
	processors := map[string]any{}
	if attributes := resourceAttributes(vars); len(attributes) > 0 {
		processors["resource"] = map[string]any{"attributes": attributes}
	}

	pipelines := map[string]any{}
	for _, signal := range signals {
		receivers := []any{"otlp"}
		if signal == "logs" {
			receivers = []any{"telemetryapi", "otlp"}
		}
		if len(bySignal[signal]) == 0 {
			exporters[nopExporter] = nil
			bySignal[signal] = []any{nopExporter}
		}
		pipeline := map[string]any{"receivers": receivers, "exporters": bySignal[signal]}
		if len(processors) > 0 {
			pipeline["processors"] = []any{"resource"}
		}
		pipelines[signal] = pipeline
	}

	config := map[string]any{
		"receivers": receivers(vars, slices.Contains(debugged, "logs")),
		"exporters": exporters,
		"service":   map[string]any{"pipelines": pipelines},
	}
	if len(processors) > 0 {
		config["processors"] = processors
	}
	return config
}

func receivers(vars *variables, logsPrinted bool) map[string]any {
	listen := func(name, byDefault string) map[string]any {
		value := vars.get(name)
		if value == "" {
			value = byDefault
		}
		if _, _, err := net.SplitHostPort(value); err != nil && !hasReference(value) {
			vars.reject(name, "must be host:port, for example %s", byDefault)
		}
		return map[string]any{"endpoint": resolvable(value)}
	}
	var telemetry any
	if logsPrinted {
		// What the debug exporter prints comes back as a log of this extension: it would be printed again, forever.
		telemetry = map[string]any{"types": []any{"function"}}
	}
	return map[string]any{
		"telemetryapi": telemetry,
		"otlp": map[string]any{"protocols": map[string]any{
			protocolGRPC: listen(grpcVar, "localhost:4317"),
			protocolHTTP: listen(httpVar, "localhost:4318"),
		}},
	}
}

// otlpExporters returns the exporters section, and the exporters of each signal. The signals share one exporter
// unless variables of their own make a difference.
func otlpExporters(vars *variables) (section map[string]any, bySignal map[string][]any) {
	section, bySignal = map[string]any{}, map[string][]any{}
	switch kind := strings.ToLower(vars.get(exporterVar)); {
	case vars.get(exportersVar) != "":
		vars.note("%q is not supported, and telemetry is accepted and discarded: set %q for one OTLP backend, or use YAML (%q)",
			exportersVar, endpointVar, yamlVar)
		return section, bySignal
	case kind == "blackhole":
		return section, bySignal
	case kind != "" && kind != "otlp":
		vars.note("%q is %q, which this distribution does not have, and telemetry is accepted and discarded: "+
			"set it to otlp, or use YAML (%q)", exporterVar, kind, yamlVar)
		return section, bySignal
	}

	shared := otlpExporter(vars, "")
	var without []string
	for _, signal := range signals {
		own := otlpExporter(vars, signal)
		if own == nil {
			without = append(without, signal)
			continue
		}
		id := own.componentType
		if !reflect.DeepEqual(own, shared) {
			id += "/" + signal
		}
		section[id] = own.config
		bySignal[signal] = []any{id}
	}
	if len(without) > 0 {
		vars.note("no endpoint for %s, which are accepted and discarded: set %q, or use YAML (%q)",
			strings.Join(without, ", "), endpointVar, yamlVar)
	}
	return section, bySignal
}

// addDebugExporter adds to the section and the signals what prints telemetry, and returns the signals that it prints.
func addDebugExporter(vars *variables, section map[string]any, bySignal map[string][]any) []string {
	var debugged []string
	for signal := range strings.SplitSeq(strings.ToLower(vars.get(debugVar)), ",") {
		signal = strings.TrimSpace(signal)
		switch {
		case signal == "" || signal == "none" || slices.Contains(debugged, signal):
		case slices.Contains(signals, signal):
			debugged = append(debugged, signal)
			bySignal[signal] = append(bySignal[signal], debugExporter)
		default:
			vars.reject(debugVar, "must be traces, metrics, logs, several of them with commas, or none")
		}
	}
	if len(debugged) > 0 {
		section[debugExporter] = map[string]any{
			"verbosity": vars.choice(debugDetailVar, "basic", "detailed"),
			// Whoever sets the variable wants to see it, but the Collector's own log begins at warn.
			"use_internal_logger": false,
		}
	}
	return debugged
}

// resourceAttributes returns the actions of the resource processor.
func resourceAttributes(vars *variables) []any {
	pairs, err := parsePairs(vars.get(attributesVar))
	if err != nil {
		vars.reject(attributesVar, "%s", err)
	}
	var actions []any
	for _, p := range pairs {
		actions = append(actions, map[string]any{
			"key": resolvable(p.name), "value": resolvable(p.value), "action": "upsert",
		})
	}
	return actions
}
