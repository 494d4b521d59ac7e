// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command function is the Lambda function of the black-box tests: the event is a script of what it is to do, the
// response says what it has done. See event and response.
//
// It exports OTLP as OTEL_EXPORTER_OTLP_PROTOCOL says (http/protobuf, the default, or grpc) to
// OTEL_EXPORTER_OTLP_ENDPOINT, by default localhost on the protocol's port. In its INIT it logs what INIT_LOG says, and ends
// there if INIT_FAILS is set.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	exporters, err := newExporters(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	if line := os.Getenv("INIT_LOG"); line != "" {
		fmt.Println(line)
	}
	if os.Getenv("INIT_FAILS") != "" {
		os.Exit(1)
	}
	f := &function{exporters: exporters, stdout: os.Stdout, exit: os.Exit}
	lambda.Start(f.handle)
}
