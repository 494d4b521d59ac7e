// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"net/url"
	"strings"
	"time"
)

const (
	exporterPrefix = prefix + "OTLP_EXPORTER_"

	grpcExporter = "otlp_grpc"
	httpExporter = "otlp_http"

	protocolGRPC = "grpc"
	protocolHTTP = "http"

	// httpPort is registered for OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port).
	httpPort = "4318"

	// defaultTimeout is Rotel's. The 30 s of the stock HTTP exporter are longer than most functions run.
	defaultTimeout = 5 * time.Second
)

// exporterConfig is an entry of the exporters section.
type exporterConfig struct {
	componentType string
	config        map[string]any
}

// otlpExporter returns the OTLP exporter for a signal, or for all signals if signal is "". It is nil if no endpoint is
// set.
func otlpExporter(vars *variables, signal string) *exporterConfig {
	// name returns the variable that counts: that of the signal, if it is set.
	name := func(suffix string) string {
		own := exporterPrefix + strings.ToUpper(signal) + "_" + suffix
		if signal != "" && vars.get(own) != "" {
			return own
		}
		return exporterPrefix + suffix
	}

	to, ok := parseEndpoint(vars, name("ENDPOINT"))
	if !ok {
		return nil
	}
	config := map[string]any{
		"compression": vars.choice(name("COMPRESSION"), "gzip", "none"),
		"timeout":     vars.duration(name("REQUEST_TIMEOUT"), defaultTimeout).String(),
	}
	headersVar := name("CUSTOM_HEADERS")
	headers, err := parseHeaders(vars.get(headersVar))
	if err != nil {
		vars.reject(headersVar, "%s", err)
	}
	if len(headers) > 0 {
		section := make(map[string]any, len(headers))
		for name, value := range headers {
			section[name] = resolvable(value)
		}
		config["headers"] = section
	}

	byPort := []string{protocolGRPC, protocolHTTP}
	if to.port == httpPort {
		byPort = []string{protocolHTTP, protocolGRPC}
	}
	protocol := vars.choice(name("PROTOCOL"), byPort...)
	if tls := tlsSection(to.scheme, protocol, vars.bool(name("TLS_SKIP_VERIFY"))); tls != nil {
		config["tls"] = tls
	}
	if protocol == protocolHTTP {
		key := "endpoint" // The exporter adds /v1/{signal} to this one, and nothing to those of a signal.
		if name("ENDPOINT") != endpointVar {
			key = signal + "_endpoint"
		}
		config[key] = to.url
		return &exporterConfig{httpExporter, config}
	}
	config["endpoint"] = to.target
	return &exporterConfig{grpcExporter, config}
}

// tlsSection is how an exporter treats TLS. The scheme is "" if only the resolver can know it.
func tlsSection(scheme, protocol string, skipVerify bool) map[string]any {
	switch {
	case skipVerify && scheme != "http":
		return map[string]any{"insecure_skip_verify": true}
	case protocol == protocolGRPC && scheme != "https":
		// The gRPC exporter uses TLS for https:// nonetheless, which is what an unknown scheme may turn out to be.
		return map[string]any{"insecure": true}
	default:
		return nil
	}
}

// endpoint is where telemetry is sent to.
type endpoint struct {
	// scheme is http or https, or "" if it is part of a reference.
	scheme string
	// port is "" if there is none, or if it is part of a reference.
	port string
	// url is for HTTP, target (scheme, host and port) for gRPC. Both are resolvable.
	url, target string
}

// parseEndpoint returns false if the variable is not set.
func parseEndpoint(vars *variables, name string) (endpoint, bool) {
	value := vars.get(name)
	if value == "" {
		return endpoint{}, false
	}
	if hasReference(value) {
		scheme, _, found := strings.Cut(value, "://")
		if !found || scheme != "http" && scheme != "https" {
			scheme = ""
		}
		return endpoint{scheme: scheme, url: resolvable(value), target: resolvable(value)}, true
	}
	bare := !strings.Contains(value, "://")
	if bare {
		value = "http://" + value
	}
	// The error of url.Parse shows the URL, which may hold credentials.
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" ||
		bare && parsed.Port() == "" {
		vars.reject(name, "must be a URL or host:port, for example https://backend.example.com:4317")
		return endpoint{}, true
	}
	target := url.URL{Scheme: parsed.Scheme, Host: parsed.Host}
	if parsed.Port() == "" {
		target.Host = strings.TrimSuffix(parsed.Host, ":") + ":" + defaultPort(parsed.Scheme)
	}
	return endpoint{
		scheme: parsed.Scheme, port: parsed.Port(),
		url: resolvable(value), target: resolvable(target.String()),
	}, true
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}
