// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command flush-simulator shows what the flush policies cost: it runs them, the very code that is in the layer, in
// simulated time over patterns of invocations, and prints the billed overrun and the age of the data at the backend,
// beside the rules of the Rotel Lambda extension.
//
//	go run ./cmd/flush-simulator         one environment at a time
//	go run ./cmd/flush-simulator -fleet  10 to 100,000 environments on one backend
//
// Billed overrun is the time from the end of the function until the environment asks for the next event; it is counted
// the same way for all. Whoever waits for the end of an invocation learns of it 25 ms late. The age of a record is the
// time from when the function said it until the backend answered the request that carries it. A record is stranded that
// leaves only when Lambda ends the environment.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of all that is random: the same seed prints the same numbers")
	atScale := flag.Bool("fleet", false, "add up many environments on one backend")
	flag.Parse()
	if *atScale {
		printFleet(os.Stdout, *seed)
	} else {
		printPatterns(os.Stdout, *seed)
	}
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
