// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// cost is one figure with what it says.
type cost struct{ Name, Value, Note string }

func (run Run) costs() []cost {
	var all []cost
	if len(run.Invocations) > 0 {
		var inits, overruns []time.Duration
		var memory int64
		var billed, overrun time.Duration
		for _, i := range run.Invocations {
			if i.InitDuration > 0 {
				inits = append(inits, i.InitDuration)
			}
			overruns = append(overruns, i.Overrun())
			billed += i.Duration()
			overrun += i.Overrun()
			memory = max(memory, i.MaxMemory)
		}
		if len(inits) > 0 {
			all = append(all, cost{"INIT", short(slices.Max(inits)), fmt.Sprintf("the longest of %d", len(inits))})
		}
		all = append(all,
			cost{
				"billed overrun", short(quantile(overruns, 0.5)),
				fmt.Sprintf("median per invocation; at most %s, %.0f %% of what is billed in all",
					short(slices.Max(overruns)), 100*overrun.Seconds()/max(billed.Seconds(), 1e-9)),
			},
			cost{"memory", size(memory), "peak of all processes together"})
	}
	if ages := run.ages(); len(ages) > 0 {
		all = append(all, cost{
			"age at the backend", short(quantile(ages, 0.5)),
			fmt.Sprintf("median of logs and spans; p99 %s, at most %s", short(quantile(ages, 0.99)), short(slices.Max(ages))),
		})
	}
	if len(run.Requests) > 0 {
		bytes, refused := int64(0), 0
		for _, r := range run.Requests {
			bytes += int64(r.WireBytes)
			if r.Outcome != otlpbackend.Accepted {
				refused++
			}
		}
		all = append(all, cost{"requests", fmt.Sprint(len(run.Requests)), fmt.Sprintf("%s on the wire, %d not accepted", size(bytes), refused)})
	}
	return all
}

// ages is how long each log record and span needed to the backend, from its own time or end.
func (run Run) ages() []time.Duration {
	var ages []time.Duration
	for _, l := range run.Logs {
		if !l.Time.IsZero() {
			ages = append(ages, max(l.ArrivedAt.Sub(l.Time), 0))
		}
	}
	for _, s := range run.Spans {
		ages = append(ages, max(s.ArrivedAt.Sub(s.End), 0))
	}
	return ages
}

// quantile returns a nearest-rank quantile.
func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
