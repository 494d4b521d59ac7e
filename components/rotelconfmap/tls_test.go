// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
)

// Headers are secrets: what the gRPC exporter makes of each form of an endpoint is looked up on the wire.
func TestTransportOfGRPC(t *testing.T) {
	t.Parallel()
	const (
		tlsHandshake = byte(0x16) // Record type, RFC 8446, section 5.1.
		plaintext    = byte('P')  // Of the connection preface, RFC 9113, section 3.4.
	)
	tests := []struct {
		name       string
		value      string // Of the variable. ADDRESS is host:port of the backend.
		scheme     string // Before host:port in the secret arn:e.
		skipVerify string
		want       byte
	}{
		{name: "no scheme", value: "ADDRESS", want: plaintext},
		{name: "http", value: "http://ADDRESS", want: plaintext},
		{name: "http, skip verify", value: "http://ADDRESS", skipVerify: "true", want: plaintext},
		{name: "https", value: "https://ADDRESS", want: tlsHandshake},
		{name: "https, skip verify", value: "https://ADDRESS", skipVerify: "true", want: tlsHandshake},
		{name: "https, host in a reference", value: "https://${arn:e}", want: tlsHandshake},
		{name: "http in a reference", value: "secret://arn:e", scheme: "http://", want: plaintext},
		{name: "https in a reference", value: "secret://arn:e", scheme: "https://", want: tlsHandshake},
		{name: "https in a reference, skip verify", value: "${arn:e}", scheme: "https://", skipVerify: "true", want: tlsHandshake},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			address := listener.Addr().String()

			conf, err := resolve(t, resolverSettings([]string{
				"ROTEL_OTLP_EXPORTER_ENDPOINT=" + strings.ReplaceAll(tt.value, "ADDRESS", address),
				"ROTEL_OTLP_EXPORTER_TLS_SKIP_VERIFY=" + tt.skipVerify,
			}, map[string]string{"arn:e": tt.scheme + address})).Sub("exporters::otlp_grpc")
			require.NoError(t, err)
			cfg := otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)
			require.NoError(t, conf.Unmarshal(cfg))
			client, err := cfg.ClientConfig.ToClientConn(t.Context(), nil, componenttest.NewNopTelemetrySettings())
			require.NoError(t, err)
			defer client.Close()

			require.NoError(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(10*time.Second)))
			conn, err := listener.Accept()
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
			var first [1]byte
			_, err = conn.Read(first[:])
			require.NoError(t, err)
			assert.Equal(t, tt.want, first[0])
		})
	}
}
