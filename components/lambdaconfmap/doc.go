// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdaconfmap is a configuration converter that makes a Lambda configuration of any Collector
// configuration, so that users bring the YAML that they have. It adds the extension that owns the life of the
// environment, and the processor that says which function the telemetry is of. From
//
//	receivers:
//	  otlp: {protocols: {grpc: {}, http: {}}}
//	exporters:
//	  otlp_http: {endpoint: https://backend:4318}
//	service:
//	  pipelines:
//	    traces:
//	      receivers: [otlp]
//	      exporters: [otlp_http]
//
// it makes
//
//	extensions:
//	  lambda_lifecycle:
//	receivers:
//	  otlp: {protocols: {grpc: {}, http: {}}}
//	processors:
//	  lambda_resource:
//	exporters:
//	  otlp_http: {endpoint: https://backend:4318}
//	service:
//	  extensions: [lambda_lifecycle]
//	  pipelines:
//	    traces:
//	      receivers: [otlp]
//	      processors: [lambda_resource]
//	      exporters: [otlp_http]
//
// What the user says of either component stays: its settings, and a name of its own (lambda_resource/mine). Both come
// first in their lists, as what follows may depend on them. Pipelines of profiles are left alone, because the
// processor has nothing to do for them.
//
// The header authorization: Basic user:password of an exporter is encoded, so that credentials from anywhere,
//
//	headers: {authorization: "Basic ${env:USER}:${arn:…}"}
//
// work without an extension in the layer that does it.
//
// What is wrong in a configuration is left as it is, for the Collector to say.
package lambdaconfmap
