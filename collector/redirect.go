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
	grpclog.SetLoggerV2(newGRPCLogger(logger))
}

// grpcLogger is as loud as gRPC is by itself: it logs errors.
type grpcLogger struct{ *zapgrpc.Logger }

func newGRPCLogger(logger *zap.Logger) grpcLogger {
	return grpcLogger{zapgrpc.NewLogger(logger.WithOptions(zap.IncreaseLevel(zap.ErrorLevel)))}
}

// V tells whether gRPC is to log what is no error: no. Errors it logs without asking. zapgrpc takes the verbosity for a
// severity, and has gRPC put together, as JSON for example, what is then not logged: 3 % of the instructions of a start.
func (grpcLogger) V(int) bool { return false }
