// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import "bytes"

// A record larger than maxBytes arrives in several POSTs, cut anywhere. Each piece has the same envelope in front, and
// behind it what would close the envelope and the array, so that no body is valid JSON:
//
//	[…,{"time":"T","type":"function","record":{"message":"the beginn}]
//	[{"time":"T","type":"function","record":ing and the end"}},{"time":…}]
//
// Source: two halves of a real record, in the tests of DataDog/datadog-lambda-extension, pull request 1357.

const (
	envelopeStart = `{"time":"`
	envelopeType  = `","type":"`
	envelopeEnd   = `","record":`
	// maxEnvelopeValue is longer than any time (24 bytes) and type (29 bytes) in an envelope.
	maxEnvelopeValue = 64
)

// isEnvelope reports whether text begins as the platform begins an event.
func isEnvelope(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte(envelopeStart))
	if !ok {
		return false
	}
	_, _, ok = envelopeValue(rest, envelopeType)
	return ok
}

// envelopeValue splits off a string of the envelope and what follows it.
func envelopeValue(text []byte, follows string) (value, rest []byte, ok bool) {
	end := bytes.IndexByte(text[:min(len(text), maxEnvelopeValue)], '"')
	if end < 0 || !bytes.HasPrefix(text[end:], []byte(follows)) {
		return nil, nil, false
	}
	return text[:end], text[end+len(follows):], true
}

// decodeFragment decodes a piece of a record in its envelope. last says that the body ends behind it; otherwise an event
// follows.
func decodeFragment(text []byte, last bool) (TelemetryEvent, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(envelopeStart))
	if !ok {
		return TelemetryEvent{}, false
	}
	at, rest, ok := envelopeValue(rest, envelopeType)
	if !ok {
		return TelemetryEvent{}, false
	}
	kind, rest, ok := envelopeValue(rest, envelopeEnd)
	if !ok || len(rest) == 0 {
		return TelemetryEvent{}, false
	}
	closing := "},"
	if last {
		closing = "}]"
	}
	return TelemetryEvent{
		Time:     parseTime(at),
		Type:     string(kind),
		Fragment: bytes.TrimSuffix(rest, []byte(closing)),
	}, true
}
