// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The licenses command reads the licences of everything that is linked into an executable. It fails on a licence that is
// not on its list, and writes two files: the texts, which go into the layer, and a CycloneDX bill of materials. The same
// sources give the same bytes.
//
//	go run . -dir ../../build/default -tags grpcnotrace -arch arm64 -version 0.1.0 -notices FILE -sbom FILE
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	dir := flag.String("dir", "", "the folder of the main package, in its module")
	tags := flag.String("tags", "", "build tags, separated by commas")
	arch := flag.String("arch", "", "the GOARCH that is built for")
	name := flag.String("name", "otelcol-lambda", "the product's name in the bill of materials")
	version := flag.String("version", "", "the product's version in the bill of materials")
	notices := flag.String("notices", "", "the file to write the licences' texts to")
	sbom := flag.String("sbom", "", "the file to write the bill of materials to")
	flag.Parse()
	if err := run(*dir, *tags, *arch, product{*name, *version}, *notices, *sbom); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(dir, tags, arch string, p product, notices, sbom string) error {
	modules, err := linked(dir, tags, arch)
	if err != nil {
		return err
	}
	if err := identify(modules); err != nil {
		return err
	}
	if err := write(notices, func(w io.Writer) error { return writeNotices(w, modules) }); err != nil {
		return err
	}
	return write(sbom, func(w io.Writer) error { return writeSBOM(w, p, modules) })
}

// write creates the file and fills it.
func write(path string, fill func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return fill(f)
}
