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
	handler := newListener(
		func(_ context.Context, events []lambdaapi.TelemetryEvent) {
			for _, e := range events {
				types = append(types, e.Type)
			}
		},
		func(events []lambdaapi.TelemetryEvent) { assert.Len(t, events, len(types)) },
		func(err error) { rejected = append(rejected, err.Error()) },
	)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/any/path", body))
	assert.Equal(t, http.StatusOK, response.Code)
	return types, rejected
}

func TestListener(t *testing.T) {
	t.Parallel()
	const line = `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"kept"}`
	large := `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"` + strings.Repeat("x", 3<<20) + `"}`
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
	handler := newListener(
		func(context.Context, []lambdaapi.TelemetryEvent) { t.Error("consumed") },
		func([]lambdaapi.TelemetryEvent) { t.Error("answered") },
		func(err error) { t.Errorf("rejected: %v", err) },
	)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	assert.Equal(t, http.StatusMethodNotAllowed, response.Code)
}

func TestListenerSurvivesAPanic(t *testing.T) {
	t.Parallel()
	var rejected error
	consumed, answered := 0, 0
	handler := newListener(func(context.Context, []lambdaapi.TelemetryEvent) {
		if consumed++; consumed == 1 {
			panic("a processor's bug")
		}
	}, func([]lambdaapi.TelemetryEvent) { answered++ }, func(err error) { rejected = err })
	for range 2 {
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("["+runtimeDone+"]")))
		assert.Equal(t, http.StatusOK, response.Code)
	}
	assert.Equal(t, 2, consumed)
	assert.Equal(t, 2, answered, "the end of an invocation is not lost with the rest of its batch")
	assert.EqualError(t, rejected, "consume telemetry batch: panic: a processor's bug")
}

// Over real connections: one batch at a time, and all of it even when Lambda has hung up.
func TestListenerConsumesSerially(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	var events atomic.Int64
	server := httptest.NewServer(newListener(func(ctx context.Context, batch []lambdaapi.TelemetryEvent) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		events.Add(int64(len(batch)))
		assert.NoError(t, ctx.Err())
	}, func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) }))
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
	assert.EqualValues(t, 1, most.Load())
	assert.EqualValues(t, 40, events.Load())
}

// The memory of one batch serves the next, which is not changed by it.
func TestListenerUsesMemoryAgain(t *testing.T) {
	t.Parallel()
	var got []string
	handler := newListener(func(_ context.Context, events []lambdaapi.TelemetryEvent) {
		for _, e := range events {
			got = append(got, string(e.Record))
		}
	}, func([]lambdaapi.TelemetryEvent) {}, func(err error) { got = append(got, err.Error()) })
	line := func(record string) string { return `{"time":"2022-10-12T00:03:50.000Z","type":"function","record":` + record + `}` }
	for _, body := range []string{
		"[" + line(`"a"`) + "," + line(`"b"`) + "]", "[" + line(`"cut`), "[" + line(`"c"`) + "]", "[]", "[" + line(`7`) + "]",
	} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	}
	assert.Equal(t, []string{`"a"`, `"b"`, "", `"c"`, "7"}, got)
}

func TestListenerIgnoresAHangUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	consumed := false
	handler := newListener(func(ctx context.Context, _ []lambdaapi.TelemetryEvent) {
		hangUp()
		consumed = ctx.Err() == nil
	}, func([]lambdaapi.TelemetryEvent) {}, func(err error) { t.Error(err) })
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("["+runtimeDone+"]"))
	handler.ServeHTTP(httptest.NewRecorder(), request.WithContext(ctx))
	require.True(t, consumed)
}

func FuzzListener(f *testing.F) {
	f.Add([]byte(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"a"},` + runtimeDone + `]`))
	f.Add([]byte(`[{"time":"2022-10-12T00:03:50.000Z","type":"function","record":"cut,` + runtimeDone))
	f.Add([]byte(`{"type":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		types, rejected := post(t, strings.NewReader(string(body)))
		events, err := lambdaapi.DecodeTelemetry(body)
		require.Len(t, types, len(events))
		require.Equal(t, err != nil, len(rejected) == 1)
	})
}
