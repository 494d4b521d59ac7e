// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command go-function is a Lambda function in Go, instrumented with the OpenTelemetry SDK: a pattern to copy. See the
// README beside it.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	ctx := context.Background()
	sdk, err := startTelemetry(ctx)
	if err != nil {
		log.Fatal(err)
	}
	shop, err := newShop(sdk, slog.New(slog.NewJSONHandler(os.Stdout, nil)), os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	lambda.StartWithOptions(shop.handle, lambda.WithContext(ctx))
}
