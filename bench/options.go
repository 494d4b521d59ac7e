// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

const usage = `bench measures what the built layer costs: its start, what it adds to invocations, CPU and memory of telemetry.

    bench --layer ZIP [--full ZIP] [--peer FILE|DIR] [--only TITLE] [flags]

make bench builds what it needs and runs it; it takes ten minutes:

    go run ./bench --layer dist/otelcol-lambda-amd64.zip --full dist/otelcol-lambda-full-amd64.zip
    go run ./bench --layer dist/otelcol-lambda-amd64.zip --only "What telemetry costs"

Beside the layer it measures programs that do the least an extension can, the stock Collector, and a peer if one is
named. Counts (page faults, instructions) hold on any machine; times are of the machine. CPU shares need root and a
cgroup with the cpu controller, instructions need valgrind; without them, the table says so. docs/performance.md
explains the results.

FLAGS
  --layer ZIP          the layer to measure (required); a directory with its content will do
  --full ZIP           the full layer, to measure as well; default: none
  --peer FILE|DIR      another extension: an executable, a layer's directory or zip; default: none
  --peer-config FILE   the Collector configuration that it gets; default: bench/peer.yaml
  --build DIR          where the function, the floors and the stock Collector are; default: build/bench
  --out DIR            where to write results.md and results.svg; default: bench
  --only TITLE         measures only the table of this title, and prints it
  --components GLOB    measures instead the layers of this pattern, which have one component more than --layer each,
                       into components.md: make bench-components
  --quick              a tenth of the rounds: shows that it works, and nothing about speed

EXIT CODE
  0  everything is measured and written; whether the targets are met is in the tables
  1  a measurement failed or was interrupted, and nothing is written
  2  wrong usage
`

type options struct {
	layer, full, peer, peerConfig string
	build, out, only, components  string
	quick                         bool
}

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	flags, o := flag.NewFlagSet("bench", flag.ContinueOnError), &options{}
	flags.SetOutput(io.Discard) // run prints errors and usage
	flags.StringVar(&o.layer, "layer", "", "")
	flags.StringVar(&o.full, "full", "", "")
	flags.StringVar(&o.peer, "peer", "", "")
	flags.StringVar(&o.peerConfig, "peer-config", "bench/peer.yaml", "")
	flags.StringVar(&o.build, "build", "build/bench", "")
	flags.StringVar(&o.out, "out", "bench", "")
	flags.StringVar(&o.only, "only", "", "")
	flags.StringVar(&o.components, "components", "", "")
	flags.BoolVar(&o.quick, "quick", false, "")
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
	if o.layer == "" {
		return errors.New("--layer is required: the zip to measure, which make layer builds")
	}
	return nil
}
