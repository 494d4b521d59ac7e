// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

const invocationID = "faas.invocation_id"

// clock makes times relative to the beginning of the environment, and request ids the numbers of invocations.
type clock struct {
	origin  time.Time
	numbers map[string]int
}

func newClock(run Run) clock {
	c := clock{numbers: lambdaemulator.InvocationNumbers(run.Events)}
	if len(run.Events) > 0 {
		c.origin = run.Events[0].Time
	}
	return c
}

// at writes a time as milliseconds since the beginning.
func (c clock) at(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return fmt.Sprintf("%.1f", milliseconds(t.Sub(c.origin)))
}

// invocation returns the number of an invocation, or its request id if it is none of this run's; empty for none.
func (c clock) invocation(requestID string) string {
	if n, ok := c.numbers[requestID]; ok {
		return strconv.Itoa(n)
	}
	return requestID
}

// invocationOf is invocation for the attributes of a log record or span.
func (c clock) invocationOf(attributes map[string]any) string {
	id, _ := attributes[invocationID].(string)
	return c.invocation(id)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch ms := milliseconds(d); {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", ms)
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ms)
	case d < 10*time.Second:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// count writes a number of things, in the plural if need be.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// size writes a number of bytes.
func size(bytes int64) string {
	switch {
	case bytes < 10_000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 10_000_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	default:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
}
