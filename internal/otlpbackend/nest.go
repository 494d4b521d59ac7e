// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"cmp"
	"slices"
)

// NestedSpan is a span with the number of its ancestors that arrived.
type NestedSpan struct {
	Span
	Depth int
}

// Nest puts every span behind its parent, siblings and traces by their start. A span whose parent did not arrive is at
// the top. One that arrived twice is there once.
func Nest(spans []Span) []NestedSpan {
	type id struct{ trace, span string }
	unique := map[id]Span{}
	for _, s := range spans {
		unique[id{s.TraceID, s.SpanID}] = s
	}
	children := map[id][]Span{}
	var top []Span
	for _, s := range unique {
		parent := id{s.TraceID, s.ParentSpanID}
		if _, ok := unique[parent]; ok && s.ParentSpanID != s.SpanID {
			children[parent] = append(children[parent], s)
		} else {
			top = append(top, s)
		}
	}
	var all []NestedSpan
	var add func(spans []Span, depth int)
	add = func(spans []Span, depth int) {
		slices.SortFunc(spans, func(a, b Span) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.SpanID, b.SpanID))
		})
		for _, s := range spans {
			all = append(all, NestedSpan{s, depth})
			add(children[id{s.TraceID, s.SpanID}], depth+1)
		}
	}
	add(top, 0)
	return all
}
