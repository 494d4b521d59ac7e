// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mebibyte = 1 << 20

var errUnavailable = errors.New("connection refused")

var fakeType = component.MustNewType("fake")

// fake is an exporter whose answers a test decides. It remembers the records that it said it delivered.
type fake struct {
	name string
	// answer is called for every request, maybe concurrently; nil delivers.
	answer  func(ctx context.Context, ld plog.Logs) error
	mutates bool
	start   func(context.Context) error // nil starts
	// onCreate is called when another exporter takes the place of the one in use.
	onCreate func()

	mu       sync.Mutex
	requests []plog.Logs
	arrived  []string
	created  int
	begun    int // starts
	shutdown int
	inFlight int
}

// clientConfig makes the fake an exporter with connections.
type clientConfig struct {
	Client confighttp.ClientConfig
}

func (f *fake) factory() exporter.Factory {
	return exporter.NewFactory(fakeType, f.config,
		exporter.WithLogs(func(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.created++
			if f.onCreate != nil {
				f.onCreate()
			}
			return &fakeLogs{fake: f}, nil
		}, component.StabilityLevelStable))
}

// config has a client, unless the start has something to do.
func (f *fake) config() component.Config {
	if f.start != nil {
		return &struct{}{}
	}
	return &clientConfig{}
}

type fakeLogs struct{ *fake }

func (f *fakeLogs) Start(ctx context.Context, _ component.Host) error {
	f.mu.Lock()
	f.begun++
	start := f.start
	f.mu.Unlock()
	if start == nil {
		return nil
	}
	return start(ctx)
}

func (f *fakeLogs) Shutdown(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shutdown++
	return nil
}

func (f *fakeLogs) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: f.mutates}
}

func (f *fakeLogs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	f.mu.Lock()
	f.inFlight++
	f.mu.Unlock()
	var err error
	if f.answer != nil {
		err = f.answer(ctx, ld)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	if err == nil {
		f.requests = append(f.requests, ld)
		f.arrived = append(f.arrived, bodies(ld)...)
	}
	if f.mutates {
		ld.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
	}
	return err
}

func (f *fake) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.arrived...)
}

func (f *fake) state() (created, shutdown, inFlight int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.created, f.shutdown, f.inFlight
}

func (f *fake) starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun
}

func (f *fake) setStart(start func(context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.start = start
}

// clock is a wall clock that only a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_700_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// lifecycle is the extension that buffers register with: its presence leaves flushing to the test.
type lifecycle struct {
	component.StartFunc
	component.ShutdownFunc
	mu      sync.Mutex
	flushes map[int]func(context.Context) error
	next    int
	// requests counts the calls of RequestFlush, full those for a full request.
	requests, full atomic.Int64
}

func (l *lifecycle) RequestFlush(full bool) {
	l.requests.Add(1)
	if full {
		l.full.Add(1)
	}
}

func (l *lifecycle) RegisterFlusher(flush func(context.Context) error) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flushes == nil {
		l.flushes = map[int]func(context.Context) error{}
	}
	id := l.next
	l.next++
	l.flushes[id] = flush
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.flushes, id)
	}
}

func (l *lifecycle) registered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.flushes)
}

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func newHost(l *lifecycle) host {
	return host{componenttest.NewNopHost(), map[component.ID]component.Component{component.MustNewID("lambda_lifecycle"): l}}
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func testEnvironment(limit int64) (environment, *clock) {
	c := newClock()
	return environment{budget: newBudget(limit), circuits: &circuits{}, now: c.now, jitter: func() float64 { return 0.5 }}, c
}

// started returns a started buffer of logs in front of f, which is flushed by nobody but the test.
func started(t testing.TB, f *fake, env environment) logsExporter {
	return startedIn(t, f, env, newHost(&lifecycle{}))
}

// startedIn returns one that is started in host.
func startedIn(t testing.TB, f *fake, env environment, host component.Host) logsExporter {
	factory := wrap(f.factory(), env)
	set := exportertest.NewNopSettings(fakeType)
	set.ID = component.NewIDWithName(fakeType, f.name)
	e, err := factory.CreateLogs(context.Background(), set, factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), host))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e.(logsExporter)
}

// logs returns one resource with a record for each body.
func logs(bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	resource := ld.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "function")
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	for _, body := range bodies {
		records.AppendEmpty().Body().SetStr(body)
	}
	return ld
}

func bodies(ld plog.Logs) []string {
	var all []string
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				all = append(all, record.Body().Str())
			}
		}
	}
	return all
}

// padded returns n bodies of about size bytes each that begin with their number, from first on.
func padded(first, n, size int) []string {
	all := make([]string, n)
	for i := range all {
		number := fmt.Sprintf("%08d", first+i)
		all[i] = strings.Repeat("0", max(0, size-len(number))) + number
	}
	return all
}

func accept(t testing.TB, e logsExporter, bodies ...string) {
	t.Helper()
	require.NoError(t, e.ConsumeLogs(context.Background(), logs(bodies...)))
}

// assertSame compares the records that were sent with those that arrived, whatever their order.
func assertSame(t testing.TB, want, got []string) {
	t.Helper()
	count := map[string]int{}
	for _, body := range want {
		count[body]++
	}
	for _, body := range got {
		count[body]--
	}
	missing, surplus := 0, 0
	for _, n := range count {
		missing += max(0, n)
		surplus += max(0, -n)
	}
	if missing+surplus > 0 {
		t.Errorf("of %d records %d are missing; %d arrived that should not", len(want), missing, surplus)
	}
}
