// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"reflect"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
)

// maxWriteBuffer is the default of write_buffer_size, in bytes, where the exporter's own is larger. That of OTLP exporters,
// 512 KiB, is for a busy gateway. Here each signal has a connection: three such buffers are a third of what the Collector
// holds when it works, and the garbage collector lets that become twice as much.
const maxWriteBuffer = 64 << 10

// shrinkWriteBuffers bounds the write buffers of the HTTP and gRPC clients in a default configuration.
func shrinkWriteBuffers(cfg component.Config) {
	visit(reflect.ValueOf(cfg), map[any]bool{}, func(v reflect.Value) (done bool) {
		switch client := v.Addr().Interface().(type) {
		case *confighttp.ClientConfig:
			client.WriteBufferSize = min(client.WriteBufferSize, maxWriteBuffer)
		case *configgrpc.ClientConfig:
			client.WriteBufferSize = min(client.WriteBufferSize, maxWriteBuffer)
		default:
			return false
		}
		return true
	})
}
