// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what was measured to docs/delivery.md")

const (
	deliveryDoc = "../docs/delivery.md"
	tableBegin  = "<!-- The table is made by `go test ./test -run FaultMatrix -update`. -->\n"
	tableEnd    = "<!-- End of the table. -->\n"
)

// publish logs the table, and with -update writes it to the documentation, between two marks.
func publish(t *testing.T, table []outcome) {
	text := markdown(table)
	t.Log("\n" + text)
	if !*update || t.Failed() {
		return
	}
	doc, err := os.ReadFile(deliveryDoc)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(doc), tableBegin)
	require.True(t, ok, "%s has no mark %q", deliveryDoc, tableBegin)
	_, after, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok, "%s has no mark %q", deliveryDoc, tableEnd)
	require.NoError(t, os.WriteFile(deliveryDoc, []byte(before+tableBegin+text+tableEnd+after), 0o600))
}

func markdown(table []outcome) string {
	var b strings.Builder
	b.WriteString("| The backend … | Policy | Over | Sent | Arrived | Twice | Dropped | Wait per invocation, ms | All there after |\n")
	b.WriteString("|---|---|---|--:|--:|--:|--:|---|---|\n")
	for _, o := range table {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d | %s | %s |\n",
			o.fault, o.policy, o.protocol, o.sent, o.arrived, o.twice, o.dropped, milliseconds(o.overruns), o.recovery())
	}
	return b.String()
}

// milliseconds lists durations, rounded: the last digit would be noise.
func milliseconds(durations []time.Duration) string {
	var texts []string
	for _, d := range durations {
		texts = append(texts, fmt.Sprint(d.Round(10*time.Millisecond).Milliseconds()))
	}
	return strings.Join(texts, ", ")
}

func (o outcome) recovery() string {
	switch {
	case o.dropped > 0:
		return "–"
	case o.recovered == 0:
		return "the fault"
	case o.recovered == 1:
		return "1 more invocation"
	default:
		return fmt.Sprintf("%d more invocations", o.recovered)
	}
}
