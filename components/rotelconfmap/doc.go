// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package rotelconfmap is a configuration provider that makes a Collector configuration of the environment variables
// of Rotel's Lambda extension, so that its users change the ARN of the layer and nothing else. The URI is rotel:env.
//
// # Variables
//
// docs/configuration.md lists them all, and a test holds it against this package. They are read as
//
//	ROTEL_{OTLP,CLICKHOUSE}_EXPORTER_{PARAM}   of the one exporter, whose type is in ROTEL_EXPORTER
//	ROTEL_EXPORTER_{NAME}_{PARAM}              of one of several, named in ROTEL_EXPORTERS as {NAME}:{type}
//	…_{SIGNAL}_{PARAM}                         of either, for TRACES, METRICS or LOGS alone: it comes before the other
//
// Words are taken in any case, spaces around values are dropped, and an empty variable is one that is not set. A
// variable that is set and has no effect is named in a line of the log, unless it asks for what the layer does anyway
// (batches, retries). So is what cannot be honoured: an exporter that cannot be set up is left out, and a signal
// without an exporter is accepted and discarded, so that the function never notices. A value that is wrong is an
// error. Neither ever shows the value of a header.
//
// The credentials of the authenticator basic become a header, Basic {user}:{password}, which the layer's converter
// encodes once the references in it are resolved: no distribution needs an extension for it. The authenticator
// sigv4auth is the extension of that name.
//
// # Endpoints
//
// An endpoint is a URL, or a host:port for which http:// is implied. gRPC uses TLS for https:// and none for http://,
// and takes 443 or 80 when there is no port; a path has no meaning for it. For HTTP, /v1/{signal} is added to the
// endpoint of all signals, and an endpoint of one signal is used as it is. Without an endpoint everything is accepted
// and discarded.
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
// ${arn:…} and ${env:NAME} in an endpoint, a header, a credential, a certificate or an attribute are looked up by the
// providers of these schemes, and a value that is secret://arn:… as a whole means ${arn:…}. Every other dollar sign
// stays what it is: ${NAME} without a scheme is not a reference, as it is none for Rotel.
package rotelconfmap
