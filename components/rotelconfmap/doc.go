// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package rotelconfmap is a configuration provider that makes a Collector configuration of the environment variables
// of Rotel's Lambda extension, so that its users change the ARN of the layer and nothing else. The URI is rotel:env.
//
// # Variables
//
//	ROTEL_OTLP_EXPORTER_ENDPOINT             where to send to: see Endpoints
//	ROTEL_OTLP_EXPORTER_PROTOCOL             grpc or http; default: grpc, but http if the port of the endpoint is 4318
//	ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS       name=value,name=value: see Lists
//	ROTEL_OTLP_EXPORTER_COMPRESSION          gzip (default) or none
//	ROTEL_OTLP_EXPORTER_REQUEST_TIMEOUT      of one request, for example 500ms; default 5s
//	ROTEL_OTLP_EXPORTER_TLS_SKIP_VERIFY      true: take any certificate; default false
//	ROTEL_OTLP_EXPORTER_{SIGNAL}_…           any of the above for TRACES, METRICS or LOGS alone
//	ROTEL_OTEL_RESOURCE_ATTRIBUTES           name=value,name=value: set on everything that is sent
//	ROTEL_OTLP_GRPC_ENDPOINT                 where functions send OTLP over gRPC to; default localhost:4317
//	ROTEL_OTLP_HTTP_ENDPOINT                 the same over HTTP; default localhost:4318
//	ROTEL_EXPORTER                           otlp (default) or blackhole, which discards everything
//	ROTEL_DEBUG_LOG                          traces, metrics, logs (or several with commas): print them; default none
//	ROTEL_DEBUG_LOG_VERBOSITY                basic (default) or detailed
//
// Words are taken in any case, spaces around values are dropped, and an empty variable is one that is not set. A
// variable that is set and has no effect is named in a line of the log, and so is what else cannot be honoured:
// everything is accepted and discarded then, so that the function never notices. A value that is wrong is an error.
// Neither ever shows the value of a header.
//
// # Endpoints
//
// An endpoint is a URL, or a host:port for which http:// is implied. gRPC uses TLS for https:// and none for http://,
// and takes 443 or 80 when there is no port; a path has no meaning for it. For HTTP, /v1/{signal} is added to
// ROTEL_OTLP_EXPORTER_ENDPOINT, and an endpoint of one signal is used as it is. Without an endpoint everything is
// accepted and discarded.
//
// Rotel speaks gRPC to port 4318 when no protocol is set. That port is registered for OTLP over HTTP, so this never
// works, and here the port decides. ROTEL_OTLP_EXPORTER_PROTOCOL=grpc still gets gRPC.
//
// # Lists
//
// A list is split at its commas, and each part of it at its first "=": a value may hold any "=" but no comma. A comma
// in a secret is no problem, because it is looked up after the list is split.
//
// # Secrets and dollar signs
//
// ${arn:…} and ${env:NAME} in an endpoint, a header or an attribute are looked up by the providers of these schemes,
// and a value that is secret://arn:… as a whole means ${arn:…}. Every other dollar sign stays what it is: ${NAME}
// without a scheme is not a reference, as it is none for Rotel.
package rotelconfmap
