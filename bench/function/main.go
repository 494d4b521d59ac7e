// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The function that the benchmark invokes: it writes lines, exports spans to the layer, and stays busy with nothing as
// long as the benchmark wants to.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

// event says what an invocation does, in the order of the fields.
type event struct {
	Lines int    `json:"lines"` // write so many lines
	OTLP  []byte `json:"otlp"`  // export this: an ExportTraceServiceRequest in protobuf
	Wait  string `json:"wait"`  // end when this URL has answered
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, e event) error {
	for i := range e.Lines { // each with a write of its own, as runtimes do
		if _, err := fmt.Printf("INFO request %d took 12 ms, cache hit, 3 rows, nothing else to say about it\n", i); err != nil {
			return err
		}
	}
	if len(e.OTLP) > 0 {
		if err := do(ctx, http.MethodPost, os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")+"/v1/traces", e.OTLP); err != nil {
			return err
		}
	}
	if e.Wait != "" {
		return do(ctx, http.MethodGet, e.Wait, nil)
	}
	return nil
}

func do(ctx context.Context, method, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: HTTP status %d", method, url, resp.StatusCode)
	}
	return nil
}
