// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// What clickhouse-go makes of ClickHouse's answers, over HTTP and over its native protocol.
var (
	errIncorrectHTTP = errors.New(`logs insert failed: [HTTP 400] response body: "Code: 117. DB::Exception: Duplicate path found ` +
		`during parsing JSON object: b. (INCORRECT_DATA) (version 26.5.1.1)"`)
	errIncorrectNative = fmt.Errorf("logs insert failed: %w", errors.New("code: 117, message: Duplicate path found during parsing JSON object: b"))
)

// picky is a backend that cannot read records whose body ends in so. It counts the requests.
func picky(with error, bad ...string) (*fake, *atomic.Int64) {
	var requests atomic.Int64
	return &fake{answer: func(_ context.Context, ld plog.Logs) error {
		requests.Add(1)
		for _, body := range bodies(ld) {
			if slices.ContainsFunc(bad, func(end string) bool { return strings.HasSuffix(body, end) }) {
				return with
			}
		}
		return nil
	}}, &requests
}

// TestRecordsThatCannotBeRead are dropped alone, wherever they are, in few requests.
func TestRecordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err     error
		records int
		bad     []string
	}{
		"alone":                     {errIncorrectHTTP, 1, []string{"00000"}},
		"one of two":                {errIncorrectHTTP, 2, []string{"00001"}},
		"first":                     {errIncorrectHTTP, 3900, []string{"00000"}},
		"last":                      {errIncorrectNative, 3900, []string{"03899"}},
		"far apart":                 {errIncorrectNative, 3900, []string{"00777", "03000"}},
		"neighbours":                {errIncorrectHTTP, 3900, []string{"01000", "01001", "01002"}},
		"in requests side by side":  {errIncorrectHTTP, 12_000, []string{"00000", "00001", "05000", "11999"}},
		"all of a small request":    {errIncorrectHTTP, 2, []string{"00000", "00001"}},
		"every second of a handful": {errIncorrectHTTP, 8, []string{"00000", "00002", "00004", "00006"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, requests := picky(tt.err, tt.bad...)
			env, _ := testEnvironment(32 * mebibyte)
			e := started(t, f, env)
			sent := padded(0, tt.records, 1000)
			accept(t, e, sent...)
			require.NoError(t, e.Flush(t.Context()))
			assertSame(t, slices.DeleteFunc(sent, func(body string) bool {
				return slices.ContainsFunc(tt.bad, func(end string) bool { return strings.HasSuffix(body, end) })
			}), f.all())
			assert.Equal(t, map[dropReason]int64{reasonRejected: int64(len(tt.bad))}, e.counters().Dropped)
			assert.LessOrEqual(t, requests.Load(), int64(4+2*13*len(tt.bad)))
			assert.Equal(t, closed, e.breaker.state())
			assert.Zero(t, env.budget.used)
		})
	}
}

// TestNothingCanBeRead: a backend that takes nothing is not asked about every record, and is asked again when it does.
func TestNothingCanBeRead(t *testing.T) {
	t.Parallel()
	f, requests := picky(errIncorrectHTTP, "")
	env, _ := testEnvironment(32 * mebibyte)
	e := started(t, f, env)
	accept(t, e, padded(0, 3900, 1000)...)
	require.NoError(t, e.Flush(t.Context()))
	assert.LessOrEqual(t, requests.Load(), int64(2*maxDivisions+1))
	assert.Equal(t, map[dropReason]int64{reasonRejected: 3900}, e.counters().Dropped)

	before := requests.Load()
	accept(t, e, padded(0, 100, 1000)...)
	require.NoError(t, e.Flush(t.Context()))
	assert.Equal(t, before+1, requests.Load())

	healthy, _ := picky(errIncorrectHTTP, "00007")
	f.answer = healthy.answer
	accept(t, e, padded(10, 1, 1000)...)
	require.NoError(t, e.Flush(t.Context()))
	accept(t, e, padded(0, 10, 1000)...)
	require.NoError(t, e.Flush(t.Context()))
	assert.Len(t, f.all(), 1+9, "it takes something: the search is worth it again")
	assert.Zero(t, env.budget.used)
}

// TestSearchThatIsCutShort: what a search has not come to is kept, in its order.
func TestSearchThatIsCutShort(t *testing.T) {
	t.Parallel()
	f, requests := picky(errIncorrectHTTP, "00050")
	ctx, cancel := context.WithCancel(t.Context())
	search := f.answer
	f.answer = func(c context.Context, ld plog.Logs) error {
		if requests.Load() == 5 {
			cancel()
			<-c.Done()
			return c.Err()
		}
		return search(c, ld)
	}
	env, c := testEnvironment(32 * mebibyte)
	e := started(t, f, env)
	accept(t, e, padded(0, 100, 1000)...)
	require.ErrorIs(t, e.Flush(ctx), context.Canceled)
	f.answer = search
	c.advance(time.Minute)
	require.NoError(t, e.Flush(t.Context()))
	assert.Len(t, f.all(), 99)
	assert.IsIncreasing(t, f.all())
	assert.Equal(t, map[dropReason]int64{reasonRejected: 1}, e.counters().Dropped)
	assert.Zero(t, env.budget.used)
}

// TestOutagesOfClickHouse lose nothing, whatever they look like.
func TestOutagesOfClickHouse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`[HTTP 500] response body: "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE) (version 26.5.1.1)"`,
		`[HTTP 500] response body: "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)"`,
		`[HTTP 404] response body: "Code: 60. DB::Exception: Table otel.otel_logs does not exist. (UNKNOWN_TABLE)"`,
		`[HTTP 503] response body: "upstream connect error"`,
		`code: 241, message: Memory limit (total) exceeded`,
		`code: 1170, message: no such code`,
		`dial tcp 10.0.0.1:8443: connect: connection refused`,
		`clickhouse: column EventName is not present in the table`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f, requests := picky(errors.New("logs insert failed: "+text), "")
			env, _ := testEnvironment(32 * mebibyte)
			e := started(t, f, env)
			accept(t, e, padded(0, 100, 1000)...)
			require.Error(t, e.Flush(t.Context()))
			assert.Equal(t, int64(1), requests.Load())
			assert.Equal(t, int64(100), e.counters().QueuedRecords)
		})
	}
}
