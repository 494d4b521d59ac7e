// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

// AppendTelemetry decodes the body of one Telemetry API POST, a JSON array of events, and appends them to others. What it
// could decode is returned with the error, which is the first one and says at which byte.
//
// A record that is larger than maxBytes arrives in pieces, in bodies that are not valid JSON: each becomes an event with
// a Fragment, which is no error, and costs none of the events around it.
//
// Unknown types are kept, unknown fields ignored, fields of an unexpected JSON type left zero. The records are parts of
// body, which must not change while they are in use.
func AppendTelemetry(events []TelemetryEvent, body []byte) ([]TelemetryEvent, error) {
	b := batch{body: body, events: events}
	b.decode()
	if b.err != nil {
		return b.events, fmt.Errorf("decode telemetry batch: %w", b.err)
	}
	return b.events, nil
}

type batch struct {
	body   []byte
	events []TelemetryEvent
	err    error // the first
	cut    bool  // the last event is a fragment, so the array may have no end
	clock  clock
}

const (
	// sample is how many events tell how many more there are: those of a batch are alike.
	sample = 16
	// leastEvent is the size of an empty line.
	leastEvent = len(`{"time":"2022-10-12T00:03:50.000Z","type":"function","record":""},`)
)

// add adds an event that ends before byte end. All events together take as much memory as the body, and growing step by
// step would take three times that.
func (b *batch) add(e TelemetryEvent, end int) {
	if n := len(b.events); n == cap(b.events) {
		rest := len(b.body) - end
		b.events = slices.Grow(b.events, min(n*rest/max(end, 1), rest/leastEvent)+sample)
	}
	b.events = append(b.events, e)
}

func (b *batch) decode() {
	i := b.space(0)
	if !b.has('[', i) {
		i = b.resync(-1, i, errors.New("not a JSON array"))
	} else if i = b.space(i + 1); b.has(']', i) {
		b.finish(i + 1)
		return
	}
	for i < len(b.body) {
		start := i
		if e, end, ok := b.line(i); ok {
			b.add(e, end)
			i = end
			continue
		}
		value, end, err := jsonscan.Next(b.body, i)
		if err != nil {
			i = b.resync(start, end, err)
			continue
		}
		next := b.space(end)
		ended := next == len(b.body) || b.has(',', next) || b.has(']', next)
		if !ended && !isEnvelope(b.body[next:]) { // the remainder of a record that looks like a whole one
			i = b.resync(start, next, fmt.Errorf("no comma between events at byte %d", next))
			continue
		}
		if value[0] == '{' {
			b.add(decodeEvent(value), end)
		} else {
			b.fail(fmt.Errorf("not an object before byte %d", end))
		}
		switch i = next; {
		case b.has(',', i):
			i++
		case b.has(']', i):
			b.finish(i + 1)
			return
		case !ended:
			b.fail(fmt.Errorf("no comma between events at byte %d", i))
		}
	}
	if !b.cut {
		b.fail(io.ErrUnexpectedEOF)
	}
}

// line decodes a line as the platform writes it, and the comma behind it: that is almost all there is, and this looks at it
// only once. Anything else is left to decode.
func (b *batch) line(i int) (e TelemetryEvent, end int, ok bool) {
	rest, ok := bytes.CutPrefix(b.body[i:], []byte(envelopeStart))
	if !ok {
		return e, 0, false
	}
	at, rest, ok := envelopeValue(rest, envelopeType)
	if !ok {
		return e, 0, false
	}
	kind, rest, ok := envelopeValue(rest, envelopeEnd)
	if !ok {
		return e, 0, false
	}
	switch string(kind) {
	case FunctionLog:
		e.Type = FunctionLog
	case ExtensionLog:
		e.Type = ExtensionLog
	default:
		return e, 0, false
	}
	record, end, err := jsonscan.Next(rest, 0)
	if err != nil || !bytes.HasPrefix(rest[end:], []byte("},")) {
		return e, 0, false
	}
	e.Time, e.Record = b.clock.parse(at), record
	return e, len(b.body) - len(rest) + end + len("},"), !e.Time.IsZero()
}

// resync takes what begins at start, and which gave err at byte at, for a piece of a record, else notes err. It
// returns where the next event may begin: at an envelope. Inside a JSON string none can occur, because quotes are
// escaped there. The search starts two bytes early, because a string that was cut ends at the first quote of the next
// envelope. It only ever goes forward, so that decoding stays linear.
func (b *batch) resync(start, at int, err error) int {
	next := min(max(start+1, at-2), len(b.body))
	for {
		found := bytes.Index(b.body[next:], []byte(envelopeStart))
		if found < 0 {
			next = len(b.body)
			break
		}
		if next += found; isEnvelope(b.body[next:]) {
			break
		}
		next++
	}
	if e, ok := decodeFragment(b.body[max(start, 0):next], next == len(b.body)); ok {
		b.add(e, next)
		b.cut = next == len(b.body)
	} else {
		b.fail(err)
	}
	return next
}

// finish checks that nothing follows the array, which ends before i.
func (b *batch) finish(i int) {
	if i = b.space(i); i < len(b.body) {
		b.fail(fmt.Errorf("trailing data at byte %d", i))
	}
}

func (b *batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *batch) space(i int) int { return jsonscan.Space(b.body, i) }

func (b *batch) has(c byte, i int) bool { return i < len(b.body) && b.body[i] == c }

func decodeEvent(object []byte) TelemetryEvent {
	var e TelemetryEvent
	for key, value := range jsonscan.Members(object) {
		switch string(key) {
		case "time":
			e.Time = decodeTime(value)
		case "type":
			e.Type = text(value)
		case "record":
			e.Record = value
		}
	}
	return e
}

// decodeTime returns the zero time for what is not RFC 3339: Lambda's documentation itself prints 12:01:23:521Z once.
func decodeTime(value []byte) time.Time {
	if value[0] != '"' {
		return time.Time{}
	}
	return parseTime(value[1 : len(value)-1])
}

func parseTime(value []byte) time.Time {
	t, err := time.Parse(time.RFC3339Nano, string(value))
	if err != nil {
		return time.Time{}
	}
	return t
}

// clock parses times as Lambda writes them, 2022-10-12T00:03:50.000Z: those of a batch have few seconds among them, and
// what it knows of the last one it need not parse again.
type clock struct {
	prefix [len("2022-10-12T00:03:50.")]byte
	second time.Time // what prefix stands for
}

// parse returns the same as parseTime.
func (c *clock) parse(value []byte) time.Time {
	if len(value) != len(c.prefix)+len("000Z") || value[len(c.prefix)-1] != '.' || value[len(value)-1] != 'Z' {
		return parseTime(value)
	}
	ms := 0
	for _, digit := range value[len(c.prefix) : len(value)-1] {
		if digit < '0' || '9' < digit {
			return parseTime(value)
		}
		ms = 10*ms + int(digit-'0')
	}
	if !bytes.HasPrefix(value, c.prefix[:]) {
		t := parseTime(value)
		if t.IsZero() {
			return t
		}
		copy(c.prefix[:], value)
		c.second = t.Truncate(time.Second)
	}
	return c.second.Add(time.Duration(ms) * time.Millisecond)
}
