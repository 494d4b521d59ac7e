// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
)

const (
	exporterVar     = prefix + "EXPORTER"
	exportersVar    = prefix + "EXPORTERS"
	exportersPrefix = exportersVar + "_" // and a signal: which of the exporters it goes to
	namedPrefix     = exporterVar + "_"  // and the name of an exporter

	kindOTLP       = "otlp"
	kindClickHouse = "clickhouse"
	kindBlackhole  = "blackhole"

	// nameChars are what the name of an exporter can be made of: it is part of the names of variables, in capitals.
	nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
)

// exporterConfig is an entry of the exporters section.
type exporterConfig struct {
	componentType string
	config        map[string]any
	// extension is the type of the extension that authenticates the requests, or "".
	extension string
}

// exporters collects where telemetry goes.
type exporters struct {
	vars *variables
	has  Components

	section, extensions map[string]any
	bySignal            map[string][]any
}

func newExporters(vars *variables, has Components) *exporters {
	return &exporters{
		vars: vars, has: has,
		section: map[string]any{}, extensions: map[string]any{}, bySignal: map[string][]any{},
	}
}

// take says that somebody takes the signal.
func (e *exporters) take(signal string) bool { return len(e.bySignal[signal]) > 0 }

// of returns the exporters of a signal: one that discards everything, if there is no other.
func (e *exporters) of(signal string) []any {
	if !e.take(signal) {
		e.section[nopExporter] = nil
		return []any{nopExporter}
	}
	return e.bySignal[signal]
}

// addAll adds what the variables ask for: one exporter, or several with names.
func (e *exporters) addAll() {
	if list := e.vars.get(exportersVar); list != "" {
		e.addNamed(list)
		return
	}
	kind := strings.ToLower(e.vars.get(exporterVar))
	if kind == "" {
		kind = kindOTLP
	}
	without := e.add("", kind, prefix+strings.ToUpper(kind)+"_EXPORTER_", signals)
	if len(without) > 0 {
		e.vars.note("no endpoint for %s, which are accepted and discarded: set %q, or use YAML (%q)",
			strings.Join(without, ", "), prefix+strings.ToUpper(kind)+"_EXPORTER_ENDPOINT", yamlVar)
	}
}

// addNamed reads name:type,name:type (a name alone is its type), and for each signal a list of names.
func (e *exporters) addNamed(list string) {
	targets := map[string][]string{} // Signals by the names of their exporters.
	for _, signal := range signals {
		for name := range listed(e.vars.get(exportersPrefix + strings.ToUpper(signal))) {
			targets[name] = append(targets[name], signal)
		}
	}
	if len(targets) == 0 {
		e.vars.note("%q is set, but no signal names an exporter, and telemetry is accepted and discarded: set %q, %q and %q",
			exportersVar, exportersPrefix+"TRACES", exportersPrefix+"METRICS", exportersPrefix+"LOGS")
	}
	for entry := range listed(list) {
		name, kind, found := strings.Cut(entry, ":")
		name, kind = strings.TrimSpace(name), strings.ToLower(strings.TrimSpace(kind))
		if !found {
			kind = strings.ToLower(name)
		}
		if name == "" || kind == "" || strings.Trim(name, nameChars) != "" {
			e.vars.reject(exportersVar, "must be a list name:type,name:type, its names of letters, digits, - and _")
			continue
		}
		own := namedPrefix + strings.ToUpper(name) + "_"
		if without := e.add(name, kind, own, targets[name]); len(without) > 0 {
			e.vars.note("exporter %q has no endpoint and is left out: set %q", name, own+"ENDPOINT")
		}
		delete(targets, name)
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		for _, signal := range targets[name] {
			e.vars.reject(exportersPrefix+strings.ToUpper(signal), "names an exporter that %q does not", exportersVar)
		}
	}
}

// listed yields the entries of a list with commas.
func listed(list string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for entry := range strings.SplitSeq(list, ",") {
			if entry = strings.TrimSpace(entry); entry != "" && !yield(entry) {
				return
			}
		}
	}
}

// add adds an exporter of one of Rotel's kinds to the signals, from the variables that begin with own, and returns the
// signals that it has no endpoint for. They share one exporter unless variables of their own make a difference.
func (e *exporters) add(name, kind, own string, of []string) (without []string) {
	var build func(settings) *exporterConfig
	switch kind {
	case kindOTLP:
		build = otlpExporter
	case kindClickHouse:
		build = clickhouseExporter
	case kindBlackhole:
		return nil
	default:
		e.vars.ignore(own)
		e.leaveOut(name, fmt.Sprintf("variables cannot set up %q here: use otlp, or YAML (%q)", kind, yamlVar))
		return nil
	}
	shared := build(settings{e.vars, own, ""})
	for _, signal := range of {
		exporter := build(settings{e.vars, own, signal})
		if exporter == nil {
			without = append(without, signal)
			continue
		}
		if !e.available(name, exporter) {
			continue
		}
		id := exporter.componentType
		switch isShared := reflect.DeepEqual(exporter, shared); {
		case name != "" && isShared:
			id += "/" + name
		case name != "":
			id += "/" + name + "_" + signal
		case !isShared:
			id += "/" + signal
		}
		e.section[id] = exporter.config
		e.bySignal[signal] = append(e.bySignal[signal], id)
	}
	return without
}

// available says whether all components of an exporter are in this layer, and adds its extension.
func (e *exporters) available(name string, exporter *exporterConfig) bool {
	var missing string
	switch {
	case !e.has(component.KindExporter, exporter.componentType):
		missing = "exporter " + exporter.componentType
	case exporter.extension == "":
		return true
	case e.has(component.KindExtension, exporter.extension):
		e.extensions[exporter.extension] = nil
		return true
	default:
		missing = "extension " + exporter.extension
	}
	e.leaveOut(name, fmt.Sprintf("the %s is not in this layer: take the layer otelcol-lambda-full, or add it to your manifest", missing))
	return false
}

// leaveOut says once why there is no exporter, which is the one of ROTEL_EXPORTER if it has no name.
func (e *exporters) leaveOut(name, reason string) {
	if name == "" {
		e.vars.note("telemetry is accepted and discarded: %s", reason)
		return
	}
	e.vars.note("exporter %q is left out: %s", name, reason)
}

// addDebug adds what prints telemetry, and returns the signals that it prints.
func (e *exporters) addDebug() []string {
	debugged := e.vars.words(debugVar, "", "traces", "metrics", "logs")
	for _, signal := range debugged {
		e.bySignal[signal] = append(e.bySignal[signal], debugExporter)
	}
	if len(debugged) > 0 {
		e.section[debugExporter] = map[string]any{
			"verbosity": e.vars.choice(debugDetailVar, "basic", "detailed"),
			// Whoever sets the variable wants to see it, but the Collector's own log begins at warn.
			"use_internal_logger": false,
		}
	}
	return debugged
}

func sortedIDs(section map[string]any) []any {
	var ids []any
	for _, id := range slices.Sorted(maps.Keys(section)) {
		ids = append(ids, id)
	}
	return ids
}
