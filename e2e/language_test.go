// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"maps"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// language is how the function in functions/NAME is run.
type language struct {
	name    string
	handler string
	// stream is the handler that streams its response; empty if the runtime client cannot.
	stream string
	// wrapper is AWS_LAMBDA_EXEC_WRAPPER, which starts the instrumentation; empty if the function does that itself.
	wrapper string
	// sdk: the function has an OpenTelemetry SDK. Without one its spans and metrics are those that the layer makes.
	sdk bool
}

var (
	node   = language{name: "node", handler: "index.handler", stream: "index.stream", wrapper: "/opt/otel-handler", sdk: true}
	python = language{name: "python", handler: "function.handler", wrapper: "/opt/otel-instrument", sdk: true}
	java   = language{name: "java", handler: "e2e.Handler", wrapper: "/opt/otel-handler", sdk: true}
	golang = language{name: "go", handler: "answer", stream: "stream", sdk: true}
	rust   = language{name: "rust", stream: "bootstrap", sdk: true}
	shell  = language{name: "shell", handler: "bootstrap"}
)

// OTLP protocols, as OTEL_EXPORTER_OTLP_PROTOCOL names them.
const (
	grpc     = "grpc"
	protobuf = "http/protobuf"
	jsonBody = "http/json"
)

// variant is one way to run a language.
type variant struct {
	language
	protocol string // of the SDK's exporters; empty without an SDK
	format   string // of the function's log
	streams  bool   // the response
}

func variants() []variant {
	const text, jsonLog = lambdaemulator.LogText, lambdaemulator.LogJSON
	return []variant{
		{node, protobuf, text, false},
		{node, jsonBody, jsonLog, false},
		{node, grpc, jsonLog, true},
		{python, protobuf, text, false},
		{python, grpc, jsonLog, false},
		{java, protobuf, text, false},
		{java, grpc, jsonLog, false},
		{golang, protobuf, jsonLog, false},
		{golang, grpc, text, true},
		{rust, protobuf, jsonLog, true},
		{shell, "", text, false},
	}
}

// String is the variant's name in tests and in the table.
func (v variant) String() string {
	name := v.name + " " + v.protocol + " " + v.format
	if v.protocol == "" {
		name = v.name + " no-sdk " + v.format
	}
	if v.streams {
		name += " streaming"
	}
	return name
}

// configure sets what a user sets: the handler, the log format, and the variables that docs/auto-instrumentation.md names.
func (v variant) configure(cfg *lambdaemulator.Config, grpcEndpoint, httpEndpoint string) {
	cfg.LogFormat = v.format
	cfg.Handler = v.handler
	if v.streams {
		cfg.Handler = v.stream
	}
	if v.wrapper != "" {
		cfg.Env["AWS_LAMBDA_EXEC_WRAPPER"] = v.wrapper
	}
	if !v.sdk {
		return
	}
	endpoint := "http://" + httpEndpoint
	if v.protocol == grpc {
		endpoint = "http://" + grpcEndpoint
	}
	maps.Copy(cfg.Env, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
		"OTEL_EXPORTER_OTLP_PROTOCOL": v.protocol,
		"OTEL_TRACES_EXPORTER":        "otlp",
		"OTEL_METRICS_EXPORTER":       "otlp",
		"OTEL_LOGS_EXPORTER":          "none", // the layer has the function's log already
	})
}
