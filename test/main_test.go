// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package test holds the black-box tests of the built layer: real processes in the emulator, with real freezes, a real
// function, and everything observed at a real OTLP backend. `make test` builds the layer first. Tests carry the number
// of the trap that they cover, where it is one of those that users of Lambda extensions have reported.
package test

import (
	"archive/zip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// build is what the tests run: made once, by TestMain.
type build struct {
	layer    string // the unpacked layer
	function string // a directory with the bootstrap of the function in ./function
}

var built build

// collector lets all tests run against another collector than the layer's, for example one with the race detector.
var collector = flag.String("collector", "", "a collector `binary` to put in the layer's place")

func TestMain(m *testing.M) {
	if os.Getenv(panickyVar) != "" {
		if runPanickyCollector() != nil {
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "otelcol-lambda-test")
	if err == nil {
		built, err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func prepare(dir string) (build, error) {
	layer := filepath.Join(dir, "layer")
	archive, err := zip.OpenReader("../dist/otelcol-lambda-" + runtime.GOARCH + ".zip")
	if err != nil {
		return build{}, fmt.Errorf("the layer is not built (%w): run the tests with `make test`", err)
	}
	defer func() { _ = archive.Close() }()
	if err := os.CopyFS(layer, archive); err != nil {
		return build{}, fmt.Errorf("unpack the layer: %w", err)
	}
	if *collector != "" {
		if err := replaceFile(filepath.Join(layer, "otelcol-lambda", "collector"), *collector); err != nil {
			return build{}, fmt.Errorf("replace the collector: %w", err)
		}
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "bootstrap"), "./function")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return build{}, fmt.Errorf("build the test function: %w\n%s", err, out)
	}
	return build{layer: layer, function: dir}, nil
}

// replaceFile replaces a program by another one.
func replaceFile(path, by string) error {
	program, err := os.ReadFile(by)
	if err != nil {
		return err
	}
	return os.WriteFile(path, program, 0o755)
}
