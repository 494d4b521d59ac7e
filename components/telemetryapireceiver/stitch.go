// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

const (
	// maxStitched bounds the pieces that are held: a longer record would not fit into a request to most backends anyway
	// (gRPC servers take 4 MiB).
	maxStitched = 4 << 20
	// stitchPatience is how long a record may stay incomplete. Its pieces come in POSTs that follow each other at once.
	stitchPatience = time.Second
)

// stitcher puts a record together that Lambda has cut because it was larger than maxBytes. What does not become a
// record again in time is handed on as the text that it is.
type stitcher struct {
	pieces lambdaapi.TelemetryEvent // Fragment holds what has come so far; nil if there is none
	since  time.Time
}

// stitch replaces fragments by what becomes of them. An invocation does not end before its last record is complete or
// given up: the flush that follows would miss it.
func (s *stitcher) stitch(events []lambdaapi.TelemetryEvent, now time.Time) []lambdaapi.TelemetryEvent {
	if s.pieces.Fragment == nil && !hasFragment(events) {
		return events // as almost always
	}
	var stitched []lambdaapi.TelemetryEvent
	if now.Sub(s.since) > stitchPatience {
		stitched = s.giveUp(stitched)
	}
	for _, e := range events {
		switch {
		case e.Fragment != nil:
			stitched = s.add(stitched, e, now)
		case s.continues(e):
			e.Fragment = e.Record
			stitched = s.add(stitched, e, now)
		case e.Type == lambdaapi.PlatformRuntimeDone || e.Type == lambdaapi.PlatformReport:
			stitched = append(s.giveUp(stitched), e)
		default:
			stitched = append(stitched, e)
		}
	}
	return stitched
}

func hasFragment(events []lambdaapi.TelemetryEvent) bool {
	for i := range events {
		if events[i].Fragment != nil {
			return true
		}
	}
	return false
}

// continues reports whether an event is a piece that looks like a whole record, a long number: lines are strings or objects.
func (s *stitcher) continues(e lambdaapi.TelemetryEvent) bool {
	return s.pieces.Fragment != nil && e.Time.Equal(s.pieces.Time) && e.Type == s.pieces.Type &&
		len(e.Record) > 0 && e.Record[0] != '"' && e.Record[0] != '{'
}

// add takes a piece. One with another envelope begins another record.
func (s *stitcher) add(to []lambdaapi.TelemetryEvent, e lambdaapi.TelemetryEvent, now time.Time) []lambdaapi.TelemetryEvent {
	if !e.Time.Equal(s.pieces.Time) || e.Type != s.pieces.Type || len(s.pieces.Fragment)+len(e.Fragment) > maxStitched {
		to = s.giveUp(to)
	}
	if s.pieces.Fragment == nil {
		e.Fragment = bytes.Clone(e.Fragment) // do not keep the body of the POST
		s.pieces, s.since = e, now
		return to
	}
	s.pieces.Fragment = append(s.pieces.Fragment, e.Fragment...)
	if jsonscan.Valid(s.pieces.Fragment) {
		to = append(to, lambdaapi.TelemetryEvent{Time: e.Time, Type: e.Type, Record: s.pieces.Fragment})
		s.pieces = lambdaapi.TelemetryEvent{}
	}
	return to
}

// giveUp hands on what has come of a record, if anything.
func (s *stitcher) giveUp(to []lambdaapi.TelemetryEvent) []lambdaapi.TelemetryEvent {
	if s.pieces.Fragment == nil {
		return to
	}
	e := s.pieces
	s.pieces = lambdaapi.TelemetryEvent{}
	return append(to, lambdaapi.TelemetryEvent{Time: e.Time, Type: e.Type, Record: incomplete(e.Fragment)})
}

// incomplete makes a JSON string of a piece: the beginning of a string is what that says so far, anything else is
// text.
func incomplete(piece []byte) json.RawMessage {
	const longestEscape = len(`\ud83d\ude0`) // of which the end is missing
	for end := len(piece); piece[0] == '"' && end > max(0, len(piece)-longestEscape-1); end-- {
		if closed := append(piece[:end:end], '"'); jsonscan.Valid(closed) {
			return closed
		}
	}
	text, err := json.Marshal(string(piece))
	if err != nil {
		panic("telemetryapireceiver: a string does not encode: " + err.Error())
	}
	return text
}
