// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

const usage = `licenses reads the licences of everything that is linked into an executable.

    licenses --dir DIR --arch ARCH --notices FILE --sbom FILE [--tags T,T] [--name NAME] [--version VERSION]

make layer runs it:

    go -C layer/licenses run . --dir $PWD/build/default --tags grpcnotrace,distribution --arch arm64 --version 0.1.0 \
        --notices $PWD/build/default/third-party-arm64 --sbom $PWD/build/default/sbom-arm64.cdx.json

It writes the licences' texts, which go into the layer, and a CycloneDX bill of materials. The same sources give the
same bytes. A licence that is not on the list in layer/licenses/identify.go is an error.

FLAGS
  --dir DIR            the folder of the main package, in its module (required)
  --arch ARCH          what is built for, as in GOARCH: amd64 or arm64 (required)
  --notices FILE       the file to write the licences' texts to (required)
  --sbom FILE          the file to write the bill of materials to (required)
  --tags T,T           build tags; default: none
  --name NAME          the product's name in the bill of materials; default: otelcol-lambda
  --version VERSION    the product's version there; default: none

EXIT CODE
  0  both files are written
  1  a licence is missing or not on the list, or something failed
  2  wrong usage
`

type options struct {
	dir, tags, arch string
	product         product
	notices, sbom   string
}

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	flags, o := flag.NewFlagSet("licenses", flag.ContinueOnError), &options{}
	flags.SetOutput(io.Discard) // run prints errors and usage
	flags.StringVar(&o.dir, "dir", "", "")
	flags.StringVar(&o.tags, "tags", "", "")
	flags.StringVar(&o.arch, "arch", "", "")
	flags.StringVar(&o.product.name, "name", "otelcol-lambda", "")
	flags.StringVar(&o.product.version, "version", "", "")
	flags.StringVar(&o.notices, "notices", "", "")
	flags.StringVar(&o.sbom, "sbom", "", "")
	return flags, o
}

// parse returns flag.ErrHelp if help is asked for.
func (o *options) parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.dir == "" || o.arch == "" || o.notices == "" || o.sbom == "" {
		return errors.New("--dir, --arch, --notices and --sbom are required")
	}
	return nil
}
