// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// programs is where TestMain puts the scripted extension and function of testdata.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "lambdaemulator-test-"); err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-o", programs+string(filepath.Separator), "./testdata/extension", "./testdata/function")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s", err, out)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(programs)
		os.Exit(code)
	}))
}

// both is an extension that subscribes to both events, and to telemetry.
const both = `{"events":["INVOKE","SHUTDOWN"],"subscribe":true}`

// environment is a Function under test.
type environment struct {
	*Function
	t   *testing.T
	out string
}

// start creates a Function with the given extensions, name to script. change may adapt its configuration.
func start(t *testing.T, extensions map[string]string, change func(*Config)) environment {
	t.Helper()
	layer, function, out := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(layer, "extensions"), 0o755))
	cfg := Config{Layer: layer, Function: function, Freeze: FreezeSignals, Env: map[string]string{"OUT": out}}
	for name, script := range extensions {
		install(t, "extension", filepath.Join(layer, "extensions", name))
		cfg.Env["EXT_"+name] = script
	}
	install(t, "function", filepath.Join(function, "bootstrap"))
	if change != nil {
		change(&cfg)
	}
	f, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, f.Close())
		if t.Failed() {
			for _, e := range f.Timeline() {
				t.Log(e.Time.Format("05.000000"), e.Kind, e.Name, e.Detail, e.Duration)
			}
			for _, l := range f.Lines() {
				t.Log(l.Process, l.Text)
			}
		}
	})
	return environment{Function: f, t: t, out: out}
}

func install(t *testing.T, program, path string) {
	t.Helper()
	require.NoError(t, os.Symlink(filepath.Join(programs, program), path))
}

func (e environment) invoke(payload string, options ...InvokeOption) Invocation {
	e.t.Helper()
	result, err := e.Invoke(e.t.Context(), []byte(payload), options...)
	require.NoError(e.t, err)
	return result
}

func (e environment) shutdown() {
	e.t.Helper()
	require.NoError(e.t, e.Shutdown(context.Background(), lambdaapi.Spindown))
}

// kinds renders the timeline: each event as its kind and, if it has one, its name.
func (e environment) kinds() []string {
	var list []string
	for _, event := range e.Timeline() {
		list = append(list, strings.TrimSpace(string(event.Kind)+" "+event.Name))
	}
	return list
}

func (e environment) find(kind Kind) []TimelineEvent {
	return slices.DeleteFunc(e.Timeline(), func(event TimelineEvent) bool { return event.Kind != kind })
}

// inOrder checks that the given events are in the timeline, in this order.
func (e environment) inOrder(want ...string) {
	e.t.Helper()
	got := e.kinds()
	i := 0
	for _, event := range got {
		if i < len(want) && event == want[i] {
			i++
		}
	}
	require.Equal(e.t, len(want), i, "%q is missing after those before it in\n%s", want[min(i, len(want)-1)], strings.Join(got, "\n"))
}

// lines returns the lines of a process that begin with prefix.
func (e environment) lines(process, prefix string) []LogLine {
	return slices.DeleteFunc(e.Lines(), func(l LogLine) bool {
		return l.Process != process || !strings.HasPrefix(l.Text, prefix)
	})
}

// telemetry returns what extension "x" has been posted, one slice for each POST.
func (e environment) telemetry() [][]lambdaapi.TelemetryEvent {
	e.t.Helper()
	data, err := os.ReadFile(filepath.Join(e.out, "x.telemetry"))
	require.NoError(e.t, err)
	var posts [][]lambdaapi.TelemetryEvent
	for line := range strings.Lines(string(data)) {
		events, err := lambdaapi.AppendTelemetry(nil, []byte(strings.TrimSuffix(line, "\n")))
		require.NoError(e.t, err)
		posts = append(posts, events)
	}
	return posts
}

// stream flattens the posts; each event is its type, a log with its record. It leaves out what the extension wrote, and
// its subscription: the runtime starts beside them, so that their place in the stream is open.
func stream(posts [][]lambdaapi.TelemetryEvent) []string {
	var list []string
	for _, event := range slices.Concat(posts...) {
		switch event.Type {
		case lambdaapi.ExtensionLog, "platform.telemetrySubscription":
		case lambdaapi.FunctionLog:
			list = append(list, event.Type+" "+string(event.Record))
		default:
			list = append(list, event.Type)
		}
	}
	return list
}

// record decodes the n-th event of a type.
func record(t *testing.T, posts [][]lambdaapi.TelemetryEvent, kind string, n int) map[string]any {
	t.Helper()
	for _, event := range slices.Concat(posts...) {
		if event.Type != kind {
			continue
		}
		if n == 0 {
			var fields map[string]any
			require.NoError(t, json.Unmarshal(event.Record, &fields))
			return fields
		}
		n--
	}
	require.Fail(t, "no such event", kind)
	return nil
}

// eventually waits for a condition that no call reports.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 5*time.Second, 2*time.Millisecond, what)
}
