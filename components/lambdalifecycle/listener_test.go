// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const runtimeDone = `{"time":"2022-10-21T14:05:05.764Z","type":"platform.runtimeDone","record":{"requestId":"459921b5","status":"success"}}`

// post runs one POST through a handler and returns the types of what it consumed, and what it rejected.
func post(t *testing.T, body io.Reader) (types []string, rejected []string) {
	t.Helper()
	q := newIntake(
		func(_ context.Context, events []lambdaapi.TelemetryEvent) {
			for _, e := range events {
				types = append(types, e.Type)
			}
		},
		func(events []lambdaapi.TelemetryEvent) { assert.Len(t, events, len(types)) },
		func(err error) { rejected = append(rejected, err.Error()) },
	)
	postTo(t, q, body)
	run(q)()
	return types, rejected
}

// postTo posts a body, which need not be consumed yet.
func postTo(t *testing.T, q *intake, body io.Reader) {
	t.Helper()
	response := httptest.NewRecorder()
	listener{q}.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/any/path", body))
	assert.Equal(t, http.StatusOK, response.Code)
}

// run starts the consumer, and returns what drains and ends it.
func run(q *intake) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { q.run(ctx); close(ended) }()
	return func() {
		q.drain(ctx)
		cancel()
		<-ended
	}
}

func TestListener(t *testing.T) {
	t.Parallel()
	line, large := telemetryLine(`"kept"`), telemetryLine(`"`+strings.Repeat("x", 3<<20)+`"`)
	for name, tt := range map[string]struct {
		body     io.Reader
		types    []string
		rejected []string
	}{
		"batch":         {strings.NewReader(`[` + line + `,` + runtimeDone + `]`), []string{"function", "platform.runtimeDone"}, nil},
		"no events":     {strings.NewReader(`[]`), nil, nil},
		"no body":       {strings.NewReader(``), nil, []string{"decode telemetry batch: not a JSON array"}},
		"not JSON":      {strings.NewReader(`hello`), nil, []string{"decode telemetry batch: not a JSON array"}},
		"cut":           {strings.NewReader(`[` + line + `,{"time":"2022`), []string{"function"}, []string{"decode telemetry batch: unexpected EOF at byte 84"}},
		"three MiB":     {strings.NewReader(`[` + large + `]`), []string{"function"}, nil},
		"above 4 MiB":   {strings.NewReader(`[` + large + `,` + large + `]`), []string{"function", "function"}, []string{"read telemetry batch: body is larger than 4 MiB"}},
		"lost while on": {io.MultiReader(strings.NewReader(`[`+line+`,`), iotest.ErrReader(errors.New("reset"))), nil, []string{"read telemetry batch: reset"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			types, rejected := post(t, tt.body)
			assert.Equal(t, tt.types, types)
			assert.Equal(t, tt.rejected, rejected)
		})
	}
}

func TestListenerTakesOnlyPosts(t *testing.T) {
	t.Parallel()
	q := newIntake(
		func(context.Context, []lambdaapi.TelemetryEvent) { t.Error("consumed") },
		func([]lambdaapi.TelemetryEvent) { t.Error("all consumed") },
		func(err error) { t.Errorf("rejected: %v", err) },
	)
	response := httptest.NewRecorder()
	listener{q}.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	assert.Equal(t, http.StatusMethodNotAllowed, response.Code)
	run(q)()
}

// Over real connections: one batch at a time, and all of it.
func TestListenerConsumesSerially(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	var events atomic.Int64
	q := newIntake(func(ctx context.Context, batch []lambdaapi.TelemetryEvent) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		events.Add(int64(len(batch)))
		assert.NoError(t, ctx.Err())
	}, func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
	end := run(q)
	server := httptest.NewServer(listener{q})
	defer server.Close()

	var posts sync.WaitGroup
	for i := range 20 {
		posts.Go(func() {
			body := fmt.Sprintf(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"line %d"},%s]`, i, runtimeDone)
			response, err := server.Client().Post(server.URL, "application/json", strings.NewReader(body))
			if assert.NoError(t, err) {
				assert.Equal(t, http.StatusOK, response.StatusCode)
				assert.NoError(t, response.Body.Close())
			}
		})
	}
	posts.Wait()
	end()
	assert.EqualValues(t, 1, most.Load())
	assert.EqualValues(t, 40, events.Load())
}

// A batch whose sender has hung up before there was room for it is not taken: it comes again.
func TestListenerTakesNothingUnanswered(t *testing.T) {
	t.Parallel()
	consumed := 0
	q := newIntake(func(_ context.Context, events []lambdaapi.TelemetryEvent) { consumed += len(events) },
		func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
	line := telemetryLine(`"` + strings.Repeat("x", 3<<20) + `"`)
	postTo(t, q, strings.NewReader("["+line+"]"))
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	listener{q}.ServeHTTP(httptest.NewRecorder(),
		httptest.NewRequest(http.MethodPost, "/", strings.NewReader("["+line+"]")).WithContext(ctx))
	run(q)()
	assert.Equal(t, 1, consumed)
}

func FuzzListener(f *testing.F) {
	f.Add([]byte(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"a"},` + runtimeDone + `]`))
	f.Add([]byte(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"cut,` + runtimeDone))
	f.Add([]byte(`{"type":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		types, rejected := post(t, strings.NewReader(string(body)))
		events, err := lambdaapi.AppendTelemetry(nil, body)
		require.Len(t, types, len(events))
		require.Equal(t, err != nil, len(rejected) == 1)
	})
}
