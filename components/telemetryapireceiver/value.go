// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

// Beyond these limits a value stays the JSON text that it is: kept, but not as maps and slices.
const (
	// maxDepth of maps and slices. A level is three protobuf messages, and some receivers' decoders stop at 100.
	maxDepth = 16
	// maxMembers of a map. Each is looked for among the others when it is put, which is quadratic.
	maxMembers = 256
)

// setValue converts a valid JSON value. A number that neither 64 bits of integer nor of float can hold, and null inside
// a map or slice, are kept as text and as an empty value.
func (t *texts) setValue(dst pcommon.Value, raw []byte, depth int) {
	switch raw[0] {
	case '"':
		dst.SetStr(t.decode(raw))
	case 't', 'f':
		dst.SetBool(raw[0] == 't')
	case 'n':
	case '{':
		if depth >= maxDepth || !fits(raw) {
			setJSON(dst, raw)
			return
		}
		members := dst.SetEmptyMap()
		members.EnsureCapacity(atMost(raw))
		for key, value := range jsonscan.Members(raw) {
			t.setValue(members.PutEmpty(t.copy(key)), value, depth+1)
		}
	case '[':
		if depth >= maxDepth {
			setJSON(dst, raw)
			return
		}
		elements := dst.SetEmptySlice()
		elements.EnsureCapacity(atMost(raw))
		for value := range jsonscan.Elements(raw) {
			t.setValue(elements.AppendEmpty(), value, depth+1)
		}
	default:
		setNumber(dst, string(raw))
	}
}

// atMost is how many members or elements to make room for: as many as there can be, unless that is many, as commas may
// be those of what is inside.
func atMost(raw []byte) int {
	const many = 16
	return min(bytes.Count(raw, []byte{','})+1, many)
}

func setNumber(dst pcommon.Value, raw string) {
	if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
		dst.SetInt(i)
		return
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.Abs(f) >= 1<<63 && !strings.ContainsAny(raw, ".eE") {
		dst.SetStr(raw)
		return
	}
	dst.SetDouble(f)
}

// setJSON sets the JSON text itself, which is never empty: null stands for a record that is absent.
func setJSON(dst pcommon.Value, raw []byte) {
	if len(raw) == 0 {
		dst.SetStr("null")
		return
	}
	dst.SetStr(strings.ToValidUTF8(string(raw), "\uFFFD"))
}

// fits reports whether a valid object has no more than maxMembers.
func fits(object []byte) bool {
	const shortest = len(`"":0,`)
	if len(object) <= maxMembers*shortest {
		return true
	}
	n := 0
	for range jsonscan.Members(object) {
		if n++; n > maxMembers {
			return false
		}
	}
	return true
}

// putAbsent puts a value unless the key is taken, and reports whether it did.
func putAbsent(m pcommon.Map, key, value string) bool {
	attribute, taken := m.GetOrPutEmpty(key)
	if !taken {
		attribute.SetStr(value)
	}
	return !taken
}
