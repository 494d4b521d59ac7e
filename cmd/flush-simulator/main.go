// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command flush-simulator shows what the flush policies cost: it runs them, the very code that is in the layer, in
// simulated time, beside the rules of the Rotel Lambda extension. Its --help is its manual.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

const usage = `flush-simulator shows what the flush policies cost: billed overrun, and the age of the data at the backend.

    flush-simulator [--seed 1]            one environment at a time, in patterns of invocations (15 s)
    flush-simulator --fleet [--seed 1]    10 to 100,000 environments on one backend (5 s)

It runs the policies, the very code that is in the layer, with their defaults in simulated time, and gives its verdict
on adaptive, beside the rules of the Rotel Lambda extension. docs/flush-policies.md explains what comes of it.

FLAGS
  --fleet    adds up many environments: their requests and connections, and how they come back after an outage
  --seed 1   of all that is random: the same seed prints the same numbers

COLUMNS
  exports/inv.  requests to the backend, for each invocation
  overrun       billed overrun: from the end of the function until the environment asks for the next event, in ms.
                Whoever waits for the end of an invocation learns of it 25 ms late
  of bill       overrun as a part of what is billed
  age           of a record: from when the function said it until the backend answered the request that carries it
  stranded      records that leave only when Lambda ends the environment

EXIT CODE
  0  the tables are printed
  2  wrong usage
`

// Exit codes.
const (
	exitPrinted = 0
	exitUsage   = 2
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

// command is the command: the tables go to stdout.
func command(args []string, stdout, stderr io.Writer) (exit int) {
	flags, o := newFlags()
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitPrinted
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "flush-simulator: %v (see --help)\n", err)
		return exitUsage
	}
	if o.fleet {
		printFleet(stdout, o.seed)
	} else {
		printPatterns(stdout, o.seed)
	}
	return exitPrinted
}

type options struct {
	seed  uint64
	fleet bool
}

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	flags, o := flag.NewFlagSet("flush-simulator", flag.ContinueOnError), &options{}
	flags.SetOutput(io.Discard) // command prints errors and usage
	flags.Uint64Var(&o.seed, "seed", 1, "")
	flags.BoolVar(&o.fleet, "fleet", false, "")
	return flags, o
}

// printPatterns prints what each policy costs in each pattern, and how adaptive compares.
func printPatterns(out io.Writer, seed uint64) {
	for _, p := range patterns(seed) {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		_, _ = fmt.Fprintf(w, "%s\texports/inv.\toverrun mean\tp50\tp99\tof bill\tage p50\tp99\tmax\tstranded\t\n", strings.ToUpper(p.name))
		summaries := map[string]summary{}
		for _, r := range append(policies(), rotelRules(), rotelAsBuilt()) {
			s := p.run(r)
			summaries[r.name] = s
			_, _ = fmt.Fprintf(w, "%s\t%.2f\t%s\t%s\t%s\t%.1f%%\t%s\t%s\t%s\t%.2f%%\t\n", r.name, s.exports,
				ms(s.mean), ms(s.o50), ms(s.o99), 100*s.share, rounded(s.a50), rounded(s.a99), rounded(s.oldest), 100*s.stranded)
		}
		_ = w.Flush()
		for _, r := range []rules{rotelRules(), rotelAsBuilt()} {
			_, _ = fmt.Fprintf(out, "  adaptive against %s: %s\n", r.name, verdict(compare(summaries["adaptive"], summaries[r.name])))
		}
		_, _ = fmt.Fprintln(out)
	}
}

// policies are ours, with their defaults. Continuous is End in an environment that is frozen.
func policies() []rules {
	var all []rules
	for _, kind := range []flushpolicy.Kind{flushpolicy.Adaptive, flushpolicy.End, flushpolicy.Periodic} {
		cfg := flushpolicy.Config{Kind: kind, Interval: 20 * time.Second, SparseGap: time.Minute}
		all = append(all, rules{string(kind), func(time.Time) policy { return flushpolicy.New(cfg) }, flushpolicy.HeldFlush, flushpolicy.TelemetryDelay})
	}
	return all
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

// rounded prints three digits of a time.
func rounded(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}
