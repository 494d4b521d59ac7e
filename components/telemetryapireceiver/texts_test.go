// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// What has been made stays what it was, whatever is made after it.
func TestTexts(t *testing.T) {
	t.Parallel()
	var made texts
	var got, want []string
	for i := range 3 * textChunk / 16 {
		text := fmt.Sprintf(`line %d \n "quoted"`, i)
		switch i % 100 {
		case 0:
			text = strings.Repeat(text, textChunk/16)
		case 1:
			text = ""
		}
		want = append(want, text, strings.ReplaceAll(text, `\n`, "\n"))
		got = append(got, made.copy([]byte(text)), made.decode([]byte(`"`+strings.ReplaceAll(text, `"`, `\"`)+`"`)))
	}
	assert.Equal(t, want, got)
}

// A line costs the allocations that pdata makes for a record with a body and an attribute, and nothing of its own.
func TestAllocationsAreThoseOfPdata(t *testing.T) {
	const records = 1000
	events := []string{`{"time":"2022-10-12T00:03:50.000Z","type":"platform.start","record":{"requestId":"79b4f56e-95b1-4643-9700-2807f4e68189"}}`}
	for i := range records {
		events = append(events, fmt.Sprintf(`{"time":"2022-10-12T00:03:50.123Z","type":"function","record":"2022-10-12T00:03:50.123Z\t79b4f56e-95b1-4643-9700-2807f4e68189\tINFO\tline %d\n"}`, i))
	}
	body := []byte("[" + strings.Join(events, ",") + "]")
	s := newTestStream(func(cfg *Config) { cfg.Types = []string{"function"} })
	s.joiner.completed = true
	floor := testing.AllocsPerRun(3, func() {
		logs := plog.NewLogRecordSlice()
		logs.EnsureCapacity(records)
		for range records {
			lr := logs.AppendEmpty()
			lr.Body().SetStr("line")
			lr.Attributes().PutStr(invocationIDKey, "id")
		}
	})
	got := testing.AllocsPerRun(3, func() {
		batch, err := lambdaapi.AppendTelemetry(nil, body)
		if err != nil || s.logs(batch, observed).LogRecordCount() != records {
			t.Error(err)
		}
	})
	assert.LessOrEqual(t, got/records, floor/records+0.1)
}
