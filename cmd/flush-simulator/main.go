// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command flush-simulator shows what the flush policies cost.
package main

import (
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/flushpolicy"
)

func main() {
	seed := flag.Uint64("seed", 1, "of all that is random")
	flag.Parse()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range patterns(*seed) {
		for _, r := range allRules() {
			s := runAll(r, p)
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", p.name, r.name, s.invocations, s.requests, ms(s.overrun), ms(s.overrunP50), ms(s.overrunP99), ms(s.age50), ms(s.age99), ms(s.ageMax))
		}
	}
	w.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func runAll(r rules, p pattern) summary {
	total := &costs{}
	for _, l := range p.loads {
		total.add(run(r, l))
	}
	return total.summary()
}

func allRules() []rules {
	rs := []rules{{"rotel", newRotel, rotelHeld}}
	for _, k := range []flushpolicy.Kind{flushpolicy.Adaptive, flushpolicy.End, flushpolicy.Periodic} {
		rs = append(rs, rules{string(k), func(time.Time) policy {
			return flushpolicy.New(flushpolicy.Config{Kind: k, Interval: 20 * time.Second, SparseGap: time.Minute})
		}, flushpolicy.HeldFlush})
	}
	return rs
}
