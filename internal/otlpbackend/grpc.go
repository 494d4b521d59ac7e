// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"context"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // registers the decompressor
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// newGRPCServer keeps gRPC's limit of 4 MiB for a message, so that larger ones fail here as at real backends.
func (b *Backend) newGRPCServer() *grpc.Server {
	server := grpc.NewServer(grpc.StatsHandler(grpcCalls{b}), grpc.WaitForHandlers(true))
	plogotlp.RegisterGRPCServer(server, &grpcLogs{b: b})
	ptraceotlp.RegisterGRPCServer(server, &grpcTraces{b: b})
	pmetricotlp.RegisterGRPCServer(server, &grpcMetrics{b: b})
	return server
}

type grpcLogs struct {
	plogotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *grpcLogs) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	rejected, err := s.b.serveGRPC(ctx, logsPayload(request.Logs()))
	return logsResponse(rejected), err
}

type grpcTraces struct {
	ptraceotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *grpcTraces) Export(ctx context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	rejected, err := s.b.serveGRPC(ctx, tracesPayload(request.Traces()))
	return tracesResponse(rejected), err
}

type grpcMetrics struct {
	pmetricotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *grpcMetrics) Export(ctx context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	rejected, err := s.b.serveGRPC(ctx, metricsPayload(request.Metrics()))
	return metricsResponse(rejected), err
}

func (b *Backend) serveGRPC(ctx context.Context, content payload) (rejected int64, err error) {
	call := ctx.Value(grpcCallKey{}).(*grpcCall)
	call.served = true
	answer := b.serve(ctx, call.request, call.authorization, content, nil)
	switch answer.outcome {
	case Accepted, PartiallyAccepted:
		return answer.fault.RejectedItems, nil
	case Unauthenticated:
		return 0, status.Error(codes.Unauthenticated, wrongToken)
	case Refused:
		return 0, refusal(answer.fault)
	}
	return 0, status.Error(codes.Unavailable, string(answer.outcome)) // nobody to answer
}

func refusal(fault Fault) error {
	refused := status.New(fault.GRPCCode, injected)
	if fault.RetryAfter > 0 {
		detailed, err := refused.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(fault.RetryAfter)})
		if err != nil {
			return err
		}
		refused = detailed
	}
	return refused.Err()
}

// grpcCall gathers what gRPC tells about a call before its handler runs.
type grpcCall struct {
	request       Request
	authorization string
	served        bool // the handler ran
}

type grpcCallKey struct{}

// grpcCalls is the stats handler that fills in a grpcCall. The events of one call come one after the other, on the
// goroutine that then runs the handler.
type grpcCalls struct{ b *Backend }

func (h grpcCalls) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	call := &grpcCall{request: Request{Protocol: GRPC, Signal: grpcSignal(info.FullMethodName)}}
	return context.WithValue(ctx, grpcCallKey{}, call)
}

func (h grpcCalls) HandleRPC(ctx context.Context, event stats.RPCStats) {
	call := ctx.Value(grpcCallKey{}).(*grpcCall)
	switch event := event.(type) {
	case *stats.InHeader:
		call.request.RemoteAddr = event.RemoteAddr.String()
		call.request.Compression = event.Compression
		md, _ := metadata.FromIncomingContext(ctx)
		call.request.UserAgent = strings.Join(md.Get("user-agent"), ",")
		call.authorization = strings.Join(md.Get("authorization"), ",")
	case *stats.InPayload:
		call.request.WireBytes, call.request.Bytes = event.CompressedLength, event.Length
	case *stats.End:
		// gRPC refuses on its own what is too large (ResourceExhausted) or not decodable (Internal).
		code := status.Code(event.Error)
		if !call.served && (code == codes.ResourceExhausted || code == codes.Internal) {
			call.request.Time, call.request.Outcome = event.EndTime, Malformed
			h.b.store.begin(call.request)
		}
	}
}

func (grpcCalls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (grpcCalls) HandleConn(context.Context, stats.ConnStats) {}

func grpcSignal(fullMethod string) Signal {
	switch {
	case strings.Contains(fullMethod, ".logs."):
		return Logs
	case strings.Contains(fullMethod, ".metrics."):
		return Metrics
	}
	return Traces
}
