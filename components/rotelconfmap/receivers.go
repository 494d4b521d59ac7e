// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"net"
	"slices"
	"strings"
)

// Where the OTLP receiver listens: the variables, and where the function's SDK expects it unless they say otherwise.
const (
	GRPCEndpointVar     = prefix + "OTLP_GRPC_ENDPOINT"
	HTTPEndpointVar     = prefix + "OTLP_HTTP_ENDPOINT"
	DefaultGRPCEndpoint = "localhost:4317"
	DefaultHTTPEndpoint = "localhost:4318"
)

const (
	grpcMaxMiBVar      = prefix + "OTLP_GRPC_MAX_RECV_MSG_SIZE_MIB"
	grpcMetadataVar    = prefix + "OTLP_GRPC_INCLUDE_METADATA"
	httpMetadataVar    = prefix + "OTLP_HTTP_INCLUDE_METADATA"
	receiverPrefix     = prefix + "OTLP_RECEIVER_"
	disabledSuffix     = "_DISABLED"
	pathSuffix         = "_HTTP_PATH"
	includeMetadataKey = "include_metadata"

	otlpReceiver      = "otlp"
	telemetryReceiver = "telemetryapi"

	// platformVar says what is made of Lambda's own events. It is the layer's own variable.
	platformVar = "OTELCOL_LAMBDA_PLATFORM_TELEMETRY"
)

// sourcesOf returns the receivers of each signal. Spans and metrics are made of Lambda's own events only for somebody
// who takes them.
func sourcesOf(vars *variables, exported func(signal string) bool) map[string][]any {
	sources := map[string][]any{logsSignal: {telemetryReceiver}}
	ofLambda := vars.words(platformVar, "traces,metrics", "traces", "metrics")
	for _, signal := range signals {
		if vars.bool(receiverPrefix + strings.ToUpper(signal) + disabledSuffix) {
			continue
		}
		if slices.Contains(ofLambda, signal) && exported(signal) {
			sources[signal] = append(sources[signal], telemetryReceiver)
		}
		sources[signal] = append(sources[signal], otlpReceiver)
	}
	return sources
}

// receivers returns the receivers section.
func receivers(vars *variables, sources map[string][]any, logsPrinted bool) map[string]any {
	var telemetry any
	if logsPrinted {
		// What the debug exporter prints comes back as a log of this extension: it would be printed again, forever.
		telemetry = map[string]any{"types": []any{"function"}}
	}
	section := map[string]any{telemetryReceiver: telemetry}
	for _, ids := range sources {
		if ids[len(ids)-1] == otlpReceiver {
			section[otlpReceiver] = map[string]any{"protocols": protocols(vars)}
		}
	}
	return section
}

func protocols(vars *variables) map[string]any {
	grpc := map[string]any{"endpoint": listen(vars, GRPCEndpointVar, DefaultGRPCEndpoint)}
	if mib := vars.positive(grpcMaxMiBVar); mib > 0 {
		grpc["max_recv_msg_size_mib"] = mib
	}
	if vars.bool(grpcMetadataVar) {
		grpc[includeMetadataKey] = true
	}
	http := map[string]any{"endpoint": listen(vars, HTTPEndpointVar, DefaultHTTPEndpoint)}
	if vars.bool(httpMetadataVar) {
		http[includeMetadataKey] = true
	}
	for _, signal := range signals {
		name := receiverPrefix + strings.ToUpper(signal) + pathSuffix
		path := vars.get(name)
		if path == "" {
			continue
		}
		if !strings.HasPrefix(path, "/") {
			vars.reject(name, "must be a path, for example /v1/%s", signal)
		}
		http[signal+"_url_path"] = resolvable(path)
	}
	return map[string]any{protocolGRPC: grpc, protocolHTTP: http}
}

// listen returns the address to listen on.
func listen(vars *variables, name, byDefault string) string {
	value := vars.get(name)
	if value == "" {
		value = byDefault
	}
	if _, _, err := net.SplitHostPort(value); err != nil && !hasReference(value) {
		vars.reject(name, "must be host:port, for example %s", byDefault)
	}
	return resolvable(value)
}
