// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapgrpc"
	"google.golang.org/grpc/grpclog"
)

// redirectLogs has the libraries that log on their own do so where secrets are masked.
func redirectLogs(logger *zap.Logger) {
	zap.RedirectStdLog(logger)
	grpclog.SetLoggerV2(grpcLogger{zapgrpc.NewLogger(logger.WithOptions(zap.IncreaseLevel(zap.ErrorLevel)))}) // as loud as gRPC is by itself
}

type grpcLogger struct{ *zapgrpc.Logger }

// V tells whether gRPC is to log at a verbosity: as by itself, at none. zapgrpc takes it for a severity, of which 2 is
// that of errors, and has gRPC put together what is then not logged: 2 % of the instructions of a start.
func (grpcLogger) V(verbosity int) bool { return verbosity <= 0 }
