// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	endpointVar = "ROTEL_OTLP_EXPORTER_ENDPOINT"
	protocolVar = "ROTEL_OTLP_EXPORTER_PROTOCOL"
	grpcVar     = "ROTEL_OTLP_GRPC_ENDPOINT"
	httpVar     = "ROTEL_OTLP_HTTP_ENDPOINT"
	anyPort     = "127.0.0.1:0"
)

// layer is an unpacked layer and how it is configured.
type layer struct {
	name string
	dir  string
	// env points it at the backend and has it listen for OTLP over HTTP at listen.
	env func(backend, listen string) map[string]string
}

// subject is the layer's extension as a program to start.
func (l layer) subject() (subject, error) {
	files, err := os.ReadDir(filepath.Join(l.dir, "extensions"))
	if err != nil {
		return subject{}, err
	}
	if len(files) != 1 {
		return subject{}, fmt.Errorf("layer %q has %d files in extensions/: one is expected", l.name, len(files))
	}
	env := lambdaEnv()
	// Nobody listens there: a start sends nothing. Port 0 lets any number of layers start on one machine.
	maps.Copy(env, l.env("http://127.0.0.1:9", anyPort))
	return subject{l.name, filepath.Join(l.dir, "extensions", files[0].Name()), environ(env), l.dir}, nil
}

// lambdaEnv is what Lambda tells an extension about its function.
func lambdaEnv() map[string]string {
	return map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME":        "my-function",
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_REGION":                      "us-east-1",
	}
}

// ourEnv is the default configuration: logs, traces and metrics, OTLP/gRPC and OTLP/HTTP in.
func ourEnv(protocol string) func(backend, listen string) map[string]string {
	return func(backend, listen string) map[string]string {
		return map[string]string{
			endpointVar: backend, protocolVar: protocol, grpcVar: anyPort, httpVar: listen,
		}
	}
}

// peerEnv configures any extension that takes a Collector configuration, or the variables of Rotel's.
func peerEnv(config string) func(backend, listen string) map[string]string {
	return func(backend, listen string) map[string]string {
		env := ourEnv("http")(backend, listen)
		env["OPENTELEMETRY_COLLECTOR_CONFIG_URI"] = config
		return env
	}
}

// openLayer unpacks a layer into temp, copies its directory there, or makes a layer of an executable.
func openLayer(path, temp string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(temp, "layer")
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return dir, os.CopyFS(dir, os.DirFS(path))
	}
	if strings.HasSuffix(path, ".zip") {
		return dir, unzip(path, dir)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	extensions := filepath.Join(dir, "extensions")
	return dir, errors.Join(os.Mkdir(extensions, 0o755),
		os.WriteFile(filepath.Join(extensions, filepath.Base(path)), program, 0o755))
}

func unzip(path, dir string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	return os.CopyFS(dir, archive)
}

func environ(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
