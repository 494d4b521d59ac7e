// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package test holds the black-box tests of the built layer: real processes in the emulator, with real freezes, a real
// function, and everything observed at a real OTLP backend. `make test` builds the layer first. Tests carry the number
// of the trap that they cover, where it is one of those that users of Lambda extensions have reported.
package test

import (
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
	layer    string // the layer's zip
	function string // a directory with the bootstrap of the function in ./function
}

var built build

func TestMain(m *testing.M) {
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
	layer, err := filepath.Abs("../dist/otelcol-lambda-" + runtime.GOARCH + ".zip")
	if err != nil {
		return build{}, err
	}
	if _, err := os.Stat(layer); err != nil {
		return build{}, fmt.Errorf("the layer is not built (%w): run the tests with `make test`", err)
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "bootstrap"), "./function")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return build{}, fmt.Errorf("build the test function: %w\n%s", err, out)
	}
	return build{layer: layer, function: dir}, nil
}
