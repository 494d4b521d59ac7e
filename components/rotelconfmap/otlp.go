// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"net/url"
	"strings"
	"time"
)

const (
	grpcExporter = "otlp_grpc"
	httpExporter = "otlp_http"

	protocolGRPC = "grpc"
	protocolHTTP = "http"

	compressionGzip = "gzip"

	// httpPort is registered for OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port).
	httpPort = "4318"

	// defaultTimeout is Rotel's. The 30 s of the stock HTTP exporter are longer than most functions run.
	defaultTimeout = 5 * time.Second

	// gzipLevel is the fastest: log lines cost a quarter less CPU in all than at the exporter's default of 6, for bodies
	// that are a sixth larger. The function pays for the CPU. The gRPC exporter has no such setting.
	gzipLevel = 1

	// pickFirst connects to the first of the addresses that the backend's name stands for and that accepts a connection.
	// The exporter's default, round_robin, connects to all of them, which is a TLS handshake each in every environment, to
	// spread requests of which an environment has few.
	pickFirst = "pick_first"

	endpointSuffix      = "ENDPOINT"
	headersSuffix       = "CUSTOM_HEADERS"
	authenticatorSuffix = "AUTHENTICATOR"
	authenticatorBasic  = "basic"
	authenticatorSigV4  = "sigv4auth"
	usernameSuffix      = "BASIC_AUTH_USERNAME"
	passwordSuffix      = "BASIC_AUTH_PASSWORD"
)

// otlpExporter returns the OTLP exporter for a signal, or for all signals. It is nil if no endpoint is set.
func otlpExporter(s settings) *exporterConfig {
	vars := s.vars
	to, ok := parseEndpoint(vars, s.name(endpointSuffix))
	if !ok {
		return nil
	}
	config := map[string]any{
		"compression": vars.choice(s.name("COMPRESSION"), compressionGzip, "none"),
		"timeout":     vars.duration(s.name("REQUEST_TIMEOUT"), defaultTimeout).String(),
	}
	exporter := &exporterConfig{componentType: grpcExporter, config: config}
	headers := customHeaders(s)
	switch vars.choice(s.name(authenticatorSuffix), "", authenticatorBasic, authenticatorSigV4) {
	case authenticatorBasic:
		headers["authorization"] = basicCredentials(s)
	case authenticatorSigV4:
		exporter.extension = authenticatorSigV4
		config["auth"] = map[string]any{"authenticator": authenticatorSigV4}
	}
	if len(headers) > 0 {
		config["headers"] = headers
	}

	byPort := []string{protocolGRPC, protocolHTTP}
	if to.port == httpPort {
		byPort = []string{protocolHTTP, protocolGRPC}
	}
	protocol := vars.choice(s.name("PROTOCOL"), byPort...)
	if tls := tlsSection(s, to.scheme, protocol); len(tls) > 0 {
		config["tls"] = tls
	}
	if protocol == protocolHTTP {
		exporter.componentType = httpExporter
		key := "endpoint" // The exporter adds /v1/{signal} to this one, and nothing to those of a signal.
		if s.isOwn(endpointSuffix) {
			key = s.signal + "_endpoint"
		}
		config[key] = to.url
		if config["compression"] == compressionGzip {
			config["compression_params"] = map[string]any{"level": gzipLevel}
		}
		return exporter
	}
	config["balancer_name"] = pickFirst
	config["endpoint"] = to.target
	return exporter
}

// customHeaders returns the headers section.
func customHeaders(s settings) map[string]any {
	name := s.name(headersSuffix)
	value := s.vars.get(name)
	if isReference(value) {
		return map[string]any{listKey(name): resolvable(value)}
	}
	headers, err := parseHeaders(value)
	if err != nil {
		s.vars.reject(name, "%s", err)
	}
	section := make(map[string]any, len(headers))
	for header, value := range headers {
		section[header] = resolvable(value)
	}
	return section
}

// basicCredentials returns the value of the header as a user would write it. The converter of the layer encodes it
// (RFC 7617), once the references in it are resolved.
func basicCredentials(s settings) string {
	username := s.get(usernameSuffix)
	if username == "" || strings.Contains(username, ":") && !hasReference(username) {
		s.vars.reject(s.name(usernameSuffix), "must be set, and without a colon, for the authenticator %q", authenticatorBasic)
	}
	return "Basic " + resolvable(username) + ":" + resolvable(s.get(passwordSuffix))
}

// tlsSection is how an exporter treats TLS. The scheme is "" if only the resolver can know it.
func tlsSection(s settings, scheme, protocol string) map[string]any {
	skipVerify := s.vars.bool(s.name("TLS_SKIP_VERIFY"))
	tls := map[string]any{}
	if scheme != "http" {
		for _, part := range []string{"CA", "CERT", "KEY"} {
			addPEM(s, tls, part)
		}
		if (tls["cert_file"] == nil && tls["cert_pem"] == nil) != (tls["key_file"] == nil && tls["key_pem"] == nil) {
			s.vars.reject(s.name("TLS_CERT_FILE"), "needs a key, and a key a certificate: set _FILE or _PEM of both")
		}
		if skipVerify {
			tls["insecure_skip_verify"] = true
		}
	}
	if protocol == protocolGRPC && scheme != "https" && len(tls) == 0 {
		// The gRPC exporter uses TLS for https:// nonetheless, which is what an unknown scheme may turn out to be.
		tls["insecure"] = true
	}
	return tls
}

// addPEM adds a certificate or key, which is in a file or in the variable itself.
func addPEM(s settings, tls map[string]any, part string) {
	file, pem := s.get("TLS_"+part+"_FILE"), s.get("TLS_"+part+"_PEM")
	if file != "" && pem != "" {
		s.vars.reject(s.name("TLS_"+part+"_FILE"), "and the variable that ends in _PEM say the same: set one of them")
	}
	if file != "" {
		tls[strings.ToLower(part)+"_file"] = resolvable(file)
	}
	if pem != "" {
		tls[strings.ToLower(part)+"_pem"] = resolvable(pem)
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
