// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// spans makes an export request with n spans as an instrumented web service makes them, padded with so many bytes each.
func spans(n, padding int) ([]byte, error) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	rs.Resource().Attributes().PutStr("telemetry.sdk.language", "nodejs")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("@opentelemetry/instrumentation-http")
	for i := range n {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8)})
		span.SetSpanID(pcommon.SpanID{2, byte(i), byte(i >> 8)})
		span.SetName("GET /products/{id}")
		span.SetKind(ptrace.SpanKindServer)
		span.SetStartTimestamp(1_700_000_000_000_000_000)
		span.SetEndTimestamp(1_700_000_000_012_000_000)
		attributes := span.Attributes()
		attributes.PutStr("http.request.method", "GET")
		attributes.PutStr("url.path", "/products/"+strconv.Itoa(i))
		attributes.PutInt("http.response.status_code", 200)
		attributes.PutStr("server.address", "shop.example.com")
		attributes.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)")
		if padding > 0 {
			attributes.PutStr("padding", strings.Repeat("x", padding))
		}
	}
	return ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
}

// export posts a request to an OTLP/HTTP endpoint and waits for the answer.
func export(endpoint string, request []byte) error {
	resp, err := http.Post(endpoint+"/v1/traces", "application/x-protobuf", bytes.NewReader(request))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("export: HTTP status %d: %q", resp.StatusCode, answer)
	}
	return err
}
