// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

const usage = `layer packs the files of the layer into a zip that is always the same for the same files.

    layer --out ZIP --supervisor FILE --collector FILE --third-party FILE [--license FILE]

make layer builds the files and runs it:

    go run ./layer --out dist/otelcol-lambda-amd64.zip --supervisor build/supervisor-amd64 \
        --collector build/default/collector-amd64 --third-party build/default/third-party-amd64

It compresses harder than zip does, so that Lambda has less to fetch: half a second of CPU for each MB.

FLAGS
  --out ZIP            the zip to write (required)
  --supervisor FILE    the executable that becomes /opt/extensions/otelcol-lambda (required)
  --collector FILE     the executable that becomes /opt/otelcol-lambda/collector (required)
  --third-party FILE   the licences of what is linked, as layer/licenses writes them (required)
  --license FILE       the layer's own licence; default: LICENSE

OUTPUT
  The zip's name and size; on standard error, how far it is.

EXIT CODE
  0  the zip is written
  1  it could not be written, and there is none: a file is missing, or the disk is full
  2  wrong usage
`

// options are files.
type options struct{ out, supervisor, collector, license, thirdParty string }

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	flags, o := flag.NewFlagSet("layer", flag.ContinueOnError), &options{}
	flags.SetOutput(io.Discard) // run prints errors and usage
	flags.StringVar(&o.out, "out", "", "")
	flags.StringVar(&o.supervisor, "supervisor", "", "")
	flags.StringVar(&o.collector, "collector", "", "")
	flags.StringVar(&o.license, "license", "LICENSE", "")
	flags.StringVar(&o.thirdParty, "third-party", "", "")
	return flags, o
}

// parse returns flag.ErrHelp if help is asked for.
func (o *options) parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.out == "":
		return errors.New("--out is required: the zip to write")
	case o.supervisor == "" || o.collector == "" || o.thirdParty == "":
		return errors.New("--supervisor, --collector and --third-party are required: the files to pack")
	}
	return nil
}
