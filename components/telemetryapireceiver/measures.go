// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"crypto/rand"
	"regexp"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// measures collects what Lambda says of invocations: faas.… as the semantic conventions for FaaS metrics have it (v1.44),
// aws.lambda.… where they have nothing. Sizes are in bytes: Lambda's MB is 1,048,576 of them.
type measures struct {
	invocations, errors, timeouts, coldStarts, droppedRecords, droppedBytes counter

	invokeDuration, initDuration, restoreDuration, billedDuration, overhead, memoryUsed, produced histogram

	memorySize float64 // bytes; 0 is unknown

	changed    bool
	since      time.Time // when collecting began
	lastExport time.Time
	instance   string // of the environment
}

const megabyte = 1 << 20

// Bucket boundaries. Those of durations are the conventions' advice; sizes are those of Lambda: of memory from 128 MB to
// 10 GB, of responses up to the 6 MB that a buffered one may have, and the 200 MB of a stream.
var (
	durationBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	memoryBounds   = []float64{64 * megabyte, 128 * megabyte, 256 * megabyte, 512 * megabyte, 1024 * megabyte, 1769 * megabyte, 3008 * megabyte, 5120 * megabyte, 10240 * megabyte}
	responseBounds = []float64{1 << 10, 10 << 10, 100 << 10, megabyte, 6 * megabyte, 20 * megabyte, 200 * megabyte}
)

func (m *measures) init(now time.Time) {
	m.since = now
	for _, h := range []*histogram{&m.invokeDuration, &m.initDuration, &m.restoreDuration, &m.billedDuration, &m.overhead} {
		h.bounds = durationBounds
	}
	m.memoryUsed.bounds = memoryBounds
	m.produced.bounds = responseBounds
}

// invocation measures the end of an invocation.
func (m *measures) invocation(o outcome) {
	m.changed = true
	switch o.status {
	case lambdaapi.StatusSuccess:
		m.invocations.add(1)
	case lambdaapi.StatusTimeout:
		m.timeouts.add(1)
	default:
		m.errors.add(1)
	}
	m.seconds(&m.invokeDuration, o.duration)
	if o.produced != nil {
		m.produced.record(*o.produced)
	}
}

// report measures what only a report says.
func (m *measures) report(r lambdaapi.Report) {
	m.changed = true
	m.seconds(&m.billedDuration, r.Metrics.BilledDuration)
	if r.Metrics.MaxMemoryUsedMB != nil {
		m.memoryUsed.record(*r.Metrics.MaxMemoryUsedMB * megabyte)
	}
	if r.Metrics.MemorySizeMB != nil {
		m.memorySize = *r.Metrics.MemorySizeMB * megabyte
	}
	for _, part := range r.Spans {
		if part.Name == "extensionOverhead" {
			m.seconds(&m.overhead, part.Duration)
		}
	}
}

// startUp measures an INIT or a restore. An INIT that nobody waits for is no cold start, and one that an invocation has to
// repeat is not another.
func (m *measures) startUp(record lambdaapi.Init, event string) {
	switch event {
	case lambdaapi.PlatformInitStart, lambdaapi.PlatformRestoreStart:
		if logStream().MatchString(record.InstanceID) {
			m.instance = record.InstanceID
		}
		if event == lambdaapi.PlatformRestoreStart || record.Phase == "init" && record.Type == onDemand {
			m.coldStarts.add(1)
			m.changed = true
		}
	case lambdaapi.PlatformInitReport:
		m.seconds(&m.initDuration, record.Metrics.Duration)
	case lambdaapi.PlatformRestoreReport:
		m.seconds(&m.restoreDuration, record.Metrics.Duration)
	}
}

// logStream is the shape of the name of a log stream, which on Lambda is the id of the environment:
// 2026/01/02/[$LATEST]2f399eb14537447da05ab2a2e39309de. It is compiled when it is needed: not in a cold start.
var logStream = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}/\d\d/\d\d/.*\[[^\]]+\][0-9a-f]{32}$`)
})

func (m *measures) logsDropped(record lambdaapi.LogsDropped) {
	m.droppedRecords.add(record.Records)
	m.droppedBytes.add(record.Bytes)
	m.changed = true
}

func (m *measures) seconds(h *histogram, took *lambdaapi.Milliseconds) {
	if took != nil {
		h.record(took.Duration().Seconds())
		m.changed = true
	}
}

// due reports whether there is anything to export, and it is time to.
func (m *measures) due(now time.Time, interval time.Duration) bool {
	return m.changed && (m.lastExport.IsZero() || now.Sub(m.lastExport) >= interval)
}

// export writes what was measured, since the last export if temporality is delta.
func (m *measures) export(now time.Time, temporality pmetric.AggregationTemporality, to pmetric.ResourceMetrics, scopeVersion string) {
	if m.instance == "" && temporality == pmetric.AggregationTemporalityCumulative {
		m.instance = rand.Text()
	}
	if logStream().MatchString(m.instance) {
		to.Resource().Attributes().PutStr("faas.instance", m.instance)
	} else if m.instance != "" {
		to.Resource().Attributes().PutStr("service.instance.id", m.instance)
	}
	scope := to.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(scopeName)
	scope.Scope().SetVersion(scopeVersion)
	w := writer{scope.Metrics(), temporality, pcommon.NewTimestampFromTime(m.since), pcommon.NewTimestampFromTime(now)}

	w.counter("faas.invocations", "{invocation}", "Number of successful invocations.", &m.invocations)
	w.counter("faas.errors", "{error}", "Number of invocation errors.", &m.errors)
	w.counter("faas.timeouts", "{timeout}", "Number of invocation timeouts.", &m.timeouts)
	w.counter("faas.coldstarts", "{coldstart}", "Number of invocation cold starts.", &m.coldStarts)
	w.histogram("faas.invoke_duration", "s", "Duration of the function's logic execution.", &m.invokeDuration)
	w.histogram("faas.init_duration", "s", "Duration of the function's initialization.", &m.initDuration)
	w.histogram("faas.mem_usage", "By", "Maximum memory used so far, by invocation.", &m.memoryUsed)
	w.histogram("aws.lambda.restore_duration", "s", "Duration of restoring a SnapStart snapshot.", &m.restoreDuration)
	w.histogram("aws.lambda.billed_duration", "s", "Billed duration of invocations.", &m.billedDuration)
	w.histogram("aws.lambda.extension_overhead", "s", "Time that extensions ran on after the function had responded.", &m.overhead)
	w.histogram("aws.lambda.produced_bytes", "By", "Size of responses.", &m.produced)
	w.counter("aws.lambda.logs_dropped.records", "{record}", "Log records that Lambda dropped before they reached the extension.", &m.droppedRecords)
	w.counter("aws.lambda.logs_dropped.bytes", "By", "Size of the log records that Lambda dropped.", &m.droppedBytes)
	w.gauge("aws.lambda.memory_size", "By", "Memory that the function has been given.", m.memorySize)

	m.changed, m.lastExport = false, now
	if temporality == pmetric.AggregationTemporalityDelta {
		m.since = now
	}
}
