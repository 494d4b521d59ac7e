// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import "time"

// Signal is a kind of telemetry, by its OpenTelemetry name.
type Signal string

// The signals.
const (
	Logs    Signal = "logs"
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
)

// Protocol is how a request was sent, by the names of OTEL_EXPORTER_OTLP_PROTOCOL.
type Protocol string

// The protocols.
const (
	GRPC         Protocol = "grpc"
	HTTPProtobuf Protocol = "http/protobuf"
	HTTPJSON     Protocol = "http/json"
)

// Outcome is what became of a request.
type Outcome string

// The outcomes.
const (
	Pending           Outcome = "pending"            // not answered yet: it is late, or hangs
	Accepted          Outcome = "accepted"           // stored and answered
	PartiallyAccepted Outcome = "partially accepted" // stored and answered with a partial success
	Unauthenticated   Outcome = "unauthenticated"    // the authorization was not the token
	Malformed         Outcome = "malformed"          // not decodable, or beyond gRPC's limit of 4 MiB
	Refused           Outcome = "refused"            // a fault answered an error
	Reset             Outcome = "reset"              // a fault cut the connection
	Abandoned         Outcome = "abandoned"          // the client gave up, or the backend closed, before an answer
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
	// Took is the time from reading the request to its outcome. A client may have given up just before.
	Took time.Duration
	// Stored tells whether its items are among those that the backend remembers.
	Stored bool
}
