// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import "time"

// Signal is a kind of telemetry, by its OpenTelemetry name.
type Signal string

const (
	Logs    Signal = "logs"
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
)

// Protocol is how a request was sent, by the names of OTEL_EXPORTER_OTLP_PROTOCOL.
type Protocol string

const (
	GRPC         Protocol = "grpc"
	HTTPProtobuf Protocol = "http/protobuf"
	HTTPJSON     Protocol = "http/json"
)

// Outcome is what became of a request.
type Outcome string

const (
	// Pending: read, and not answered yet. A request that hangs stays so until the client gives up.
	Pending Outcome = "pending"
	// Accepted: stored and answered.
	Accepted Outcome = "accepted"
	// PartiallyAccepted: stored, and answered with a partial success.
	PartiallyAccepted Outcome = "partially accepted"
	// Unauthenticated: the authorization was not the token.
	Unauthenticated Outcome = "unauthenticated"
	// Malformed: not decodable, or beyond gRPC's limit of 4 MiB.
	Malformed Outcome = "malformed"
	// Refused: a fault answered an error.
	Refused Outcome = "refused"
	// Reset: a fault cut the connection.
	Reset Outcome = "reset"
	// Abandoned: the client gave up, or the backend closed, before there was an answer.
	Abandoned Outcome = "abandoned"
)

// Request is an export request that reached the backend.
type Request struct {
	// Number counts the requests from 1, in the order in which they were read.
	Number   int
	Time     time.Time
	Protocol Protocol
	Signal   Signal
	// Compression is the content coding or gRPC encoding, such as "gzip"; empty for none.
	Compression string
	// WireBytes is the size of the message as it came, Bytes its size when decompressed.
	WireBytes, Bytes int
	// Items is how many log records, spans or data points it holds.
	Items int
	// RemoteAddr is the client's address, one for each connection.
	RemoteAddr string
	UserAgent  string
	Outcome    Outcome
	// Stored tells whether its items are among those that the backend remembers.
	Stored bool
}
