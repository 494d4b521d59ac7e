// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"math"
	"mime"
	"net/http"
	"strconv"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func (b *Backend) newHTTPServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/logs", func(w http.ResponseWriter, r *http.Request) { b.serveHTTP(w, r, Logs) })
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) { b.serveHTTP(w, r, Traces) })
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) { b.serveHTTP(w, r, Metrics) })
	return &http.Server{
		Handler: mux,
		// Connections that break are this server's business, not something to print.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func (b *Backend) serveHTTP(w http.ResponseWriter, r *http.Request, signal Signal) {
	request := Request{
		Protocol:    HTTPProtobuf,
		Signal:      signal,
		Compression: r.Header.Get("Content-Encoding"),
		RemoteAddr:  r.RemoteAddr,
		UserAgent:   r.UserAgent(),
	}
	switch mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType {
	case "application/x-protobuf":
	case "application/json":
		request.Protocol = HTTPJSON
	default:
		http.Error(w, "Content-Type must be application/x-protobuf or application/json", http.StatusUnsupportedMediaType)
		return
	}
	wire, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone in the middle of its request: it never arrived
	}
	request.WireBytes = len(wire)
	body, malformed := decompress(wire, request.Compression)
	request.Bytes = len(body)
	var content payload
	if malformed == nil {
		content, malformed = decode(body, signal, request.Protocol)
	}
	answer := b.serve(r.Context(), request, r.Header.Get("Authorization"), content, malformed)
	switch answer.outcome {
	case Accepted, PartiallyAccepted:
		writeSuccess(w, signal, request.Protocol, answer.fault.RejectedItems)
	case Unauthenticated:
		writeError(w, request.Protocol, http.StatusUnauthorized, codes.Unauthenticated, wrongToken)
	case Malformed:
		writeError(w, request.Protocol, http.StatusBadRequest, codes.InvalidArgument, malformed.Error())
	case Refused:
		if answer.fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(answer.fault.RetryAfter.Seconds()))))
		}
		writeError(w, request.Protocol, answer.fault.HTTPStatus, codes.Unknown, injected)
	default:
		panic(http.ErrAbortHandler) // nobody to answer: ends the connection without a word
	}
}

func decompress(wire []byte, compression string) ([]byte, error) {
	switch compression {
	case "", "identity":
		return wire, nil
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(wire))
		if err != nil {
			return nil, fmt.Errorf("decompress body: %w", err)
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			return nil, fmt.Errorf("decompress body: %w", err)
		}
		return body, nil
	}
	return nil, fmt.Errorf("unsupported Content-Encoding %q: use gzip or none", compression)
}

// unmarshaler is what the request types of the three signals have in common.
type unmarshaler interface {
	UnmarshalProto(data []byte) error
	UnmarshalJSON(data []byte) error
}

func decode(body []byte, signal Signal, protocol Protocol) (payload, error) {
	unmarshal := func(into unmarshaler) error {
		if protocol == HTTPJSON {
			return into.UnmarshalJSON(body)
		}
		return into.UnmarshalProto(body)
	}
	switch signal {
	case Logs:
		request := plogotlp.NewExportRequest()
		err := unmarshal(request)
		return logsPayload(request.Logs()), err
	case Traces:
		request := ptraceotlp.NewExportRequest()
		err := unmarshal(request)
		return tracesPayload(request.Traces()), err
	default:
		request := pmetricotlp.NewExportRequest()
		err := unmarshal(request)
		return metricsPayload(request.Metrics()), err
	}
}

func writeSuccess(w http.ResponseWriter, signal Signal, protocol Protocol, rejected int64) {
	var response interface {
		MarshalProto() ([]byte, error)
		MarshalJSON() ([]byte, error)
	}
	switch signal {
	case Logs:
		response = logsResponse(rejected)
	case Traces:
		response = tracesResponse(rejected)
	default:
		response = metricsResponse(rejected)
	}
	marshal := response.MarshalProto
	if protocol == HTTPJSON {
		marshal = response.MarshalJSON
	}
	write(w, protocol, http.StatusOK, marshal)
}

// writeError answers with a google.rpc.Status, as the OTLP specification has it for OTLP/HTTP failures.
func writeError(w http.ResponseWriter, protocol Protocol, httpStatus int, code codes.Code, message string) {
	detail := &status.Status{Code: int32(code), Message: message}
	write(w, protocol, httpStatus, func() ([]byte, error) {
		if protocol == HTTPJSON {
			return protojson.Marshal(detail)
		}
		return proto.Marshal(detail)
	})
}

func write(w http.ResponseWriter, protocol Protocol, httpStatus int, marshal func() ([]byte, error)) {
	body, err := marshal()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	contentType := "application/x-protobuf"
	if protocol == HTTPJSON {
		contentType = "application/json"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) // fails when the client is gone: nobody is left to tell
}
