// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

var soakInvocations = flag.Int("soak", 200, "how many invocations TestSoak makes, half of them over each protocol; from 2000 on it also freezes for 35 s")

// soakBudget is the flush timeout, short because it is spent often.
const soakBudget = time.Second

// soakFaults are what a backend goes through in a soak, and for how many invocations at most. Healthy ones are more
// frequent.
var soakFaults = []struct {
	lasts  int
	strike func(*otlpbackend.Backend)
}{
	{20, meet(otlpbackend.Fault{})},
	{20, meet(otlpbackend.Fault{})},
	{3, meet(otlpbackend.Fault{Latency: 100 * time.Millisecond})},
	{6, meet(otlpbackend.Fault{Hang: true})},
	{6, meet(otlpbackend.Fault{Reset: true})},
	{6, meet(otlpbackend.Fault{HTTPStatus: http.StatusServiceUnavailable, GRPCCode: codes.Unavailable})},
	{6, meet(otlpbackend.Fault{HTTPStatus: http.StatusTooManyRequests, GRPCCode: codes.ResourceExhausted, RetryAfter: time.Second})},
	{3, meet(otlpbackend.Fault{HTTPStatus: http.StatusBadRequest, GRPCCode: codes.InvalidArgument})},
	{1, meet(otlpbackend.Fault{Reset: true, AfterStore: true, Times: 1})},
	{1, meet(otlpbackend.Fault{Hang: true, AfterStore: true, Times: 1})},
	{6, refuse},
	{1, (*otlpbackend.Backend).CloseConnections},
	{1, (*otlpbackend.Backend).ResetConnections},
	{1, (*otlpbackend.Backend).BlackHole},
}

// TestSoak: thousands of invocations with random faults, freezes and sizes. What was sent has arrived or is counted,
// and the collector holds no more than it did at first. `make soak` runs it at length.
func TestSoak(t *testing.T) {
	for _, protocol := range []string{"http", "grpc"} {
		t.Run(protocol, func(t *testing.T) { soak(t, protocol, *soakInvocations/2) })
	}
}

func soak(t *testing.T, protocol string, invocations int) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	w := start(t, faultConfig(t, protocol, soakBudget), timeout(10*time.Second),
		env("GORACE", "atexit_sleep_ms=0"),                           // a collector with the race detector has no time to sleep at SHUTDOWN either
		func(cfg *lambdaemulator.Config) { cfg.Output = io.Discard }) // the lines are too many for the test's log
	stalls := watchStalls(t)
	var footprints []footprint
	bound := soakBudget + 2*faultSlack
	if *collector != "" { // one with the race detector is several times as slow
		bound *= 3
	}
	var cut []lambdaemulator.Invocation // those whose flush ran out of time
	left := 0                           // invocations until the next fault
	for i := range invocations {
		if left--; left < 0 {
			w.heal()
			fault := soakFaults[rnd.IntN(len(soakFaults))]
			fault.strike(w.backend)
			left = rnd.IntN(fault.lasts)
		}
		if rnd.IntN(20) == 0 {
			time.Sleep(time.Duration(rnd.IntN(500)) * time.Millisecond) // frozen
		}
		if i == invocations/2 && *soakInvocations >= 2000 {
			w.longFreeze()
		}
		steps := lines(rnd.IntN(30), fmt.Sprint("soak-", i))
		steps = append(steps, step{"spans": 1 + rnd.IntN(20), "name": "work"})
		if rnd.IntN(10) == 0 {
			steps = append(steps, step{"otlp_bytes": rnd.IntN(1 << 20)})
		}
		inv := w.run(steps...)
		if inv.Overrun() >= soakBudget {
			cut = append(cut, inv)
		}
		if inv.Overrun() >= bound {
			w.logSince(inv.Start)
		}
		require.Less(t, inv.Overrun(), bound, "invocation %d", i)
		if (i+1)%max(1, invocations/soakSamples) == 0 {
			footprints = append(footprints, w.footprint())
			t.Logf("%d of %d invocations", i+1, invocations)
		}
	}
	w.heal()
	w.run(step{"log": "soak-end"}, step{"spans": 1, "name": "work"})
	w.runUntilArrived("soak-end")
	w.end()
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill))
	w.requireAccountedFor(cut, stalls())
	t.Logf("%d flushes ran out of time; %v", len(cut), footprints)
	requireFlat(t, footprints)
	assert.NotContains(t, strings.Join(w.extensionLines(), "\n"), "DATA RACE")
}

// logSince shows what has happened since then, to somebody who wonders why.
func (w *world) logSince(start time.Time) {
	w.t.Helper()
	for _, e := range w.Timeline() {
		if !e.Time.Before(start) {
			w.t.Log(e.Time.Sub(start), e.Kind, e.Detail)
		}
	}
	for _, r := range w.backend.Requests() {
		if !r.Time.Before(start) {
			w.t.Log(r.Time.Sub(start), r.Signal, r.Items, r.Outcome)
		}
	}
}

func (w *world) heal() {
	w.backend.ClearFault()
	require.NoError(w.t, w.backend.Accept())
}

// longFreeze freezes longer than connections are trusted, while the way to the backend forgets them: the first export
// after it succeeds.
func (w *world) longFreeze() {
	w.t.Helper()
	w.heal()
	w.run(step{"log": "soak-before-the-long-freeze"}, step{"spans": 1, "name": "work"})
	w.runUntilArrived("soak-before-the-long-freeze")
	w.backend.BlackHole()
	time.Sleep(35 * time.Second)
	inv := w.run(step{"log": "soak-after-the-long-freeze"}, step{"spans": 1, "name": "work"})
	if *collector == "" { // one with the race detector may take longer for a flush than it has
		assert.Less(w.t, inv.Overrun(), soakBudget*3/4)
	}
	w.runUntilArrived("soak-after-the-long-freeze")
}

// runUntilArrived invokes until a line and the last span have arrived that the function sent: what an invocation that is
// not held has said leaves with the ones after it, and a backend that has failed is asked again after up to 10 s, give
// or take a quarter.
func (w *world) runUntilArrived(line string) {
	w.t.Helper()
	span := w.spans[len(w.spans)-1]
	there := func() bool {
		return w.arrivedLines()[line] > 0 &&
			slices.ContainsFunc(w.backend.Spans(), func(s otlpbackend.Span) bool { return s.SpanID == span })
	}
	for began := time.Now(); !there() && time.Since(began) < time.Minute; time.Sleep(pauseBetween) {
		w.run(step{"log": line + time.Since(began).String()}, step{"sleep_ms": 50})
	}
	assert.True(w.t, there(), line)
}

// answeredLate is when a collector that has spent most of its time may have given up while the backend was answering: a
// quarter of the flush timeout. Without a fault an answer takes a hundredth of that.
const answeredLate = soakBudget / 4

// stalled is when a machine is so busy that a probe, which has 250 ms for several steps of collector and backend, may be
// given up although it arrived.
const stalled = 40 * time.Millisecond

// requireAccountedFor requires that what was sent has arrived or was reported as dropped. What the backend stored may
// have arrived twice, or also count as dropped, if the collector did not hear of it: because the backend did not
// answer, or because the flush of one of the invocations cut ended before it did. On a machine that stalls, a
// collector may give up on any answer: then only what it says it has kept for another attempt may come twice.
func (w *world) requireAccountedFor(cut []lambdaemulator.Invocation, stall time.Duration) {
	w.t.Helper()
	unanswered := 0
	for _, r := range w.backend.Requests() {
		tooLate := slices.ContainsFunc(cut, func(i lambdaemulator.Invocation) bool {
			return r.Time.After(i.RuntimeDone) && r.Time.Before(i.End)
		})
		if r.Stored && (r.Outcome != otlpbackend.Accepted || tooLate || r.Took >= answeredLate) {
			unanswered += r.Items
		}
	}
	var o outcome
	missing := o.missing(w)
	w.t.Logf("sent %d, arrived %d, dropped %d, twice %d, stored without an answer %d", o.sent, o.arrived, o.dropped, o.twice, unanswered)
	if missing > o.dropped {
		w.logMissing()
	}
	if stall >= stalled {
		unanswered += w.retried()
	}
	w.t.Logf("the machine stalled for up to %s; %d may have come twice", stall, unanswered)
	if o.dropped-missing+o.twice > unanswered {
		w.logRequestsOfDuplicates()
	}
	require.LessOrEqual(w.t, missing, o.dropped)
	require.LessOrEqual(w.t, o.dropped-missing+o.twice, unanswered)
}

// logMissing shows what has not arrived, in the order in which it was sent, and what the layer has said.
func (w *world) logMissing() {
	w.t.Helper()
	arrived := w.arrivedLines()
	for _, line := range w.Lines() {
		if line.Source == lambdaemulator.SourceFunction && arrived[line.Text] == 0 {
			w.t.Log("missing: ", line.Text)
		}
	}
	spans := map[string]bool{}
	for _, s := range w.backend.Spans() {
		spans[s.SpanID] = true
	}
	for i, id := range w.spans {
		if !spans[id] {
			w.t.Log("missing span ", i, " of ", len(w.spans))
		}
	}
	for _, line := range w.extensionLines() {
		w.t.Log(line)
	}
}

// retried is how many log records and spans the layer says, in its own metrics, that it has kept for another attempt.
func (w *world) retried() int {
	sum := 0
	for _, p := range w.backend.DataPoints() {
		if strings.Contains(p.Name, "_exporter_retried_") && !strings.HasSuffix(p.Name, "_metric_points") {
			sum += int(p.Value)
		}
	}
	return sum
}

// watchStalls measures how late this process gets to run, at worst, until the returned function is called.
func watchStalls(t *testing.T) (worst func() time.Duration) {
	const pause = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan time.Duration, 1)
	go func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		var late time.Duration
		for last := time.Now(); ; last = time.Now() {
			select {
			case <-ticker.C:
				late = max(late, time.Since(last)-pause)
			case <-ctx.Done():
				result <- late
				return
			}
		}
	}()
	return func() time.Duration { cancel(); return <-result }
}

// logRequestsOfDuplicates shows the requests that brought what came twice.
func (w *world) logRequestsOfDuplicates() {
	by := map[string][]int{}
	for _, l := range w.backend.Logs() {
		by[l.Body] = append(by[l.Body], l.Request)
	}
	for _, s := range w.backend.Spans() {
		by[s.SpanID] = append(by[s.SpanID], s.Request)
	}
	brought := map[int]int{}
	for _, numbers := range by {
		if len(numbers) > 1 {
			for _, n := range numbers {
				brought[n]++
			}
		}
	}
	for _, r := range w.backend.Requests() {
		if n := brought[r.Number]; n > 0 {
			w.t.Logf("request %d at %s took %s, %s, %d of its %d items came twice", r.Number, r.Time.Format("05.000"), r.Took, r.Outcome, n, r.Items)
		}
	}
}

// footprint is what the collector takes of the machine.
type footprint struct{ residentMiB, descriptors, threads int }

func (w *world) footprint() footprint {
	w.t.Helper()
	dir := fmt.Sprintf("/proc/%d/", w.collectorPID())
	descriptors, err := os.ReadDir(dir + "fd")
	require.NoError(w.t, err)
	status, err := os.ReadFile(dir + "status")
	require.NoError(w.t, err)
	return footprint{
		residentMiB: statusField(w.t, string(status), "VmRSS:") >> 10,
		descriptors: len(descriptors),
		threads:     statusField(w.t, string(status), "Threads:"),
	}
}

// statusField returns a number of /proc/…/status; memory is in KiB.
func statusField(t *testing.T, status, name string) int {
	t.Helper()
	_, rest, found := strings.Cut(status, name)
	require.True(t, found, name)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return n
}

// soakSamples is how often the footprint is taken. The last third of the samples is compared with the first one,
// which saw outages as well.
const soakSamples = 30

func requireFlat(t *testing.T, samples []footprint) {
	t.Helper()
	third := len(samples) / 3
	first, last := samples[:third], samples[len(samples)-third:]
	for name, of := range map[string]struct {
		value func(footprint) int
		slack int
	}{
		"resident memory, MiB": {func(f footprint) int { return f.residentMiB }, 32},
		"file descriptors":     {func(f footprint) int { return f.descriptors }, 8},
		"threads":              {func(f footprint) int { return f.threads }, 4},
	} {
		before, after := highest(first, of.value), highest(last, of.value)
		assert.LessOrEqual(t, after, before+max(of.slack, before/2), name)
	}
}

func highest(samples []footprint, value func(footprint) int) int {
	return value(slices.MaxFunc(samples, func(a, b footprint) int { return value(a) - value(b) }))
}
