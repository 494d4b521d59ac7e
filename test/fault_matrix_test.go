// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// policies are the values of OTELCOL_LAMBDA_FLUSH_POLICY that the matrix goes through.
var policies = []string{"end", "periodic", "adaptive"}

const (
	// faultBudget is the flush timeout of the matrix: what one invocation may wait for a backend, at most.
	faultBudget = time.Second
	// faultSlack is what an overrun may have beyond it: the 25 ms after which Lambda tells that the function is done,
	// the 100 ms that an exporter has to end, and a test machine with more to do than cores.
	faultSlack = 700 * time.Millisecond

	linesEach, spansEach = 3, 2 // of an invocation

	// flushInterval is short, so that those policies that flush beside the function do so in each invocation.
	flushInterval = time.Millisecond
)

// mayWait is how much of what was sent may wait for the next invocation: with a policy that flushes beside the
// function, what the last two have sent.
func mayWait(policy string) int {
	if policy == "end" {
		return 0
	}
	return 2 * (linesEach + spansEach)
}

// faultCase is something that happens to the backend or to the way there.
type faultCase struct {
	name string
	// from and to are the invocations during which it lasts, counted from 1; strike is called before each of them, heal
	// before the next one.
	from, to int
	strike   func(*otlpbackend.Backend)
	// loses says that what these invocations send is lost for good: it must be counted as dropped.
	loses bool
	// forever says that the backend stays as it is.
	forever bool
	// repeats says that one request of each kind may be stored twice: the backend had stored it when its answer was
	// lost.
	repeats bool
	// waits is how many invocations may spend the whole flush budget.
	waits int
}

func (f faultCase) lost() int {
	if !f.loses {
		return 0
	}
	return (f.to - f.from + 1) * (linesEach + spansEach)
}

// untilRecovered is how many invocations there may be after a fault until all has arrived. They are pauseBetween
// apart.
const (
	untilRecovered = 20
	pauseBetween   = 200 * time.Millisecond
)

var faultCases = []faultCase{
	{name: "is healthy", from: 2, to: 4, strike: func(*otlpbackend.Backend) {}},
	{name: "answers after 500 ms", from: 2, to: 4, strike: meet(otlpbackend.Fault{Latency: 500 * time.Millisecond})},
	{name: "answers after 3 s", from: 2, to: 6, strike: meet(otlpbackend.Fault{Latency: 3 * time.Second}), waits: 2},
	{name: "never answers", from: 2, to: 6, strike: meet(otlpbackend.Fault{Hang: true}), waits: 2},
	{name: "resets every request", from: 2, to: 6, strike: meet(otlpbackend.Fault{Reset: true})},
	{name: "refuses connections from the start", from: 1, to: 5, strike: refuse},
	{name: "answers 503", from: 2, to: 6, strike: meet(otlpbackend.Fault{HTTPStatus: http.StatusServiceUnavailable, GRPCCode: codes.Unavailable})},
	{
		name: "answers 429 with Retry-After: 2", from: 2, to: 6,
		strike: meet(otlpbackend.Fault{HTTPStatus: http.StatusTooManyRequests, GRPCCode: codes.ResourceExhausted, RetryAfter: 2 * time.Second}),
	},
	{
		name: "answers 400", from: 2, to: 6, loses: true,
		strike: meet(otlpbackend.Fault{HTTPStatus: http.StatusBadRequest, GRPCCode: codes.InvalidArgument}),
	},
	{name: "closes idle connections in each freeze", from: 2, to: 6, strike: (*otlpbackend.Backend).CloseConnections},
	{name: "resets idle connections in each freeze", from: 2, to: 6, strike: (*otlpbackend.Backend).ResetConnections},
	{name: "forgets connections in a freeze", from: 2, to: 2, strike: (*otlpbackend.Backend).BlackHole, waits: 1},
	{name: "is down for invocations 3 to 6", from: 3, to: 6, strike: refuse},
	{name: "is down from invocation 2 to the end", from: 2, to: 5, loses: true, forever: true, strike: refuse},
	{
		name: "never answers, to the end", from: 2, to: 5, loses: true, forever: true, waits: 2,
		strike: meet(otlpbackend.Fault{Hang: true}),
	},
	{
		name: "stores, then never answers, once", from: 2, to: 2, repeats: true, waits: 1,
		strike: meet(otlpbackend.Fault{Hang: true, AfterStore: true, Times: 1}),
	},
	{
		name: "stores, then resets, once", from: 2, to: 2, repeats: true,
		strike: meet(otlpbackend.Fault{Reset: true, AfterStore: true, Times: 1}),
	},
}

func meet(f otlpbackend.Fault) func(*otlpbackend.Backend) {
	return func(b *otlpbackend.Backend) { b.SetFault(f) }
}

func refuse(b *otlpbackend.Backend) {
	b.Refuse()
	b.CloseConnections()
}

// outcome is one row of the table.
type outcome struct {
	policy, protocol, fault       string
	sent, arrived, twice, dropped int
	overruns                      []time.Duration // of the invocations during the fault
	recovered                     int             // invocations after the fault until all had arrived; 0: it had before
}

// TestFaultMatrix: whatever the backend does, over both protocols and with each flush policy, what was sent arrives
// or is counted, nothing arrives twice, and no invocation waits longer than the flush budget. -update writes the
// table to docs/delivery.md.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	// Most of a cell is waiting: more of them run at a time than there are cores.
	slots := make(chan struct{}, 8)
	table := make([]outcome, 0, len(policies)*2*len(faultCases))
	var mu sync.Mutex
	var cells sync.WaitGroup
	for _, policy := range policies {
		for _, fault := range faultCases {
			for _, protocol := range []string{"http", "grpc"} {
				at := len(table)
				table = append(table, outcome{policy: policy, fault: fault.name, protocol: protocol})
				cells.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					t.Run(policy+"/"+protocol+"/"+fault.name, func(t *testing.T) {
						o := runFault(t, policy, protocol, fault)
						mu.Lock()
						defer mu.Unlock()
						table[at] = o
					})
				})
			}
		}
	}
	cells.Wait()
	publish(t, table)
}

func runFault(t *testing.T, policy, protocol string, fault faultCase) outcome {
	w := startNow(t, faultConfig(t, protocol, faultBudget), env("OTELCOL_LAMBDA_FLUSH_POLICY", policy), timeout(10*time.Second))
	o := outcome{policy: policy, protocol: protocol, fault: fault.name}
	waits := 0
	invoke := func(i int) lambdaemulator.Invocation {
		steps := append(lines(linesEach, fmt.Sprint("fault-", i)), step{"spans": spansEach, "name": "work"})
		inv := w.run(steps...)
		assert.Less(t, w.replyOf(inv).ExportMs, 500.0, "the SDK is answered at once")
		if !inv.ColdStart { // which waits for the collector to start
			assert.Less(t, inv.Overrun(), faultBudget+faultSlack, "invocation %d", i)
			if inv.Overrun() > faultBudget*9/10 {
				waits++
			}
		}
		return inv
	}
	for i := range fault.to {
		if i+1 >= fault.from {
			fault.strike(w.backend)
		}
		inv := invoke(i + 1)
		if i+1 >= fault.from {
			o.overruns = append(o.overruns, inv.Overrun())
		}
	}
	if !fault.forever {
		w.backend.ClearFault()
		require.NoError(t, w.backend.Accept())
	}
	// What may wait is not seen to have waited: two more invocations take it along.
	atLeast := 0
	if policy != "end" && !fault.forever {
		atLeast = 2
	}
	for i := fault.to + 1; o.recovered < atLeast || o.missing(w) > fault.lost()+mayWait(policy); i++ {
		require.Less(t, o.recovered, untilRecovered, "%d of %d have arrived", o.arrived, o.sent)
		o.recovered++
		time.Sleep(pauseBetween) // frozen
		invoke(i)
	}
	w.end()
	assert.Equal(t, o.dropped, o.missing(w), "dropped, as the layer says in its log")
	assert.Empty(t, w.timeline(lambdaemulator.KindSigkill), "the layer ends by itself")
	switch {
	case !fault.loses:
		assert.Zero(t, o.dropped)
	case policy == "end":
		assert.Equal(t, fault.lost(), o.dropped, "dropped")
	default: // what waited for the end of the fault is not lost; what waited when it began may be
		assert.LessOrEqual(t, o.dropped, fault.lost()+mayWait(policy), "dropped")
	}
	if !fault.forever {
		assert.Equal(t, o.dropped, w.droppedByMetrics(), "dropped, as the layer's metrics say")
	}
	mayWaitFor := fault.waits
	if policy != "end" && fault.waits == 1 {
		mayWaitFor++ // each signal has a connection of its own, and finds out when it first has something to send
	}
	assert.LessOrEqual(t, waits, mayWaitFor, "invocations that waited for the whole budget")
	if fault.repeats {
		assert.LessOrEqual(t, o.twice, max(linesEach, spansEach)+mayWait(policy)/2, "one request")
	} else {
		assert.Zero(t, o.twice)
	}
	return o
}

// missing compares what was sent until now with what has arrived, and returns how much has not.
func (o *outcome) missing(w *world) int {
	sent := w.functionLines()
	for _, id := range w.spans {
		sent[id]++
	}
	arrived := w.arrivedLines()
	for _, s := range w.backend.Spans() {
		arrived[s.SpanID]++
	}
	o.sent, o.arrived, o.twice = len(sent), 0, 0
	for id := range sent {
		o.arrived += min(arrived[id], 1)
		o.twice += max(arrived[id]-1, 0)
	}
	o.dropped = w.droppedByLayer()
	return o.sent - o.arrived
}

var (
	signalPattern  = regexp.MustCompile(`export of (logs|traces): [^;{]*`)
	droppedPattern = regexp.MustCompile(`(\d+) dropped \(`)
)

// droppedByLayer is how many log records and spans the layer says, in its log, that it has dropped.
func (w *world) droppedByLayer() int {
	sum := 0
	for _, line := range w.extensionLines() {
		// One line tells of all signals of an exporter; metrics are the layer's own.
		for _, signal := range signalPattern.FindAllString(line, -1) {
			for _, match := range droppedPattern.FindAllStringSubmatch(signal, -1) {
				n, _ := strconv.Atoi(match[1])
				sum += n
			}
		}
	}
	return sum
}

// droppedByMetrics is how many log records and spans the layer says, in its own metrics, that it has dropped.
func (w *world) droppedByMetrics() int {
	sum := 0
	for _, p := range w.backend.DataPoints() {
		if strings.Contains(p.Name, "_failed_") && !strings.HasSuffix(p.Name, "_metric_points") {
			sum += int(p.Value)
		}
	}
	return sum
}

// faultConfig is a function with a flush budget. Only the function's own lines are exported: what the layer
// says about drops would be dropped as well, and counted.
func faultConfig(t *testing.T, protocol string, budget time.Duration) func(*lambdaemulator.Config) {
	exporter := "otlp_http: { endpoint: '${env:ROTEL_OTLP_EXPORTER_ENDPOINT}', headers: { authorization: ingestion-key } }"
	if protocol == "grpc" {
		exporter = "otlp_grpc: { endpoint: '${env:GRPC_BACKEND}', tls: { insecure: true }, headers: { authorization: ingestion-key } }"
	}
	yaml := withYAML(t, fmt.Sprintf(`
extensions:
  lambda_lifecycle: { flush_timeout: %s, flush_interval: %s }
receivers:
  telemetryapi: { types: [function] }
  otlp: { protocols: { grpc: { endpoint: '${env:ROTEL_OTLP_GRPC_ENDPOINT}' }, http: { endpoint: '${env:ROTEL_OTLP_HTTP_ENDPOINT}' } } }
exporters:
  %s
service:
  extensions: [lambda_lifecycle]
  pipelines:
    logs: { receivers: [telemetryapi, otlp], exporters: [otlp_%s] }
    traces: { receivers: [otlp], exporters: [otlp_%s] }
    metrics: { receivers: [otlp], exporters: [otlp_%s] }
`, budget, flushInterval, exporter, protocol, protocol, protocol))
	return func(cfg *lambdaemulator.Config) {
		yaml(cfg)
		if protocol == "grpc" {
			grpcBothWays(cfg)
		}
	}
}
