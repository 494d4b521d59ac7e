// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// String decodes a valid JSON string, quotes included. The result is valid UTF-8: like encoding/json, it has U+FFFD
// in place of bytes that are not and of lone surrogates. OTLP strings must be UTF-8; one that is not can get a whole
// request refused by the receiving side's protobuf decoder.
func String(quoted []byte) string {
	var short [512]byte // most log lines are shorter: decoded on the stack, they cost one allocation
	return string(Bytes(short[:0], quoted))
}

// Bytes is String for who copies what it returns: decoded to the end of out if there is anything to decode, else a part
// of quoted.
func Bytes(out, quoted []byte) []byte {
	s := quoted[1 : len(quoted)-1]
	next := bytes.IndexByte(s, '\\')
	if next < 0 {
		return validUTF8(s)
	}
	for next >= 0 {
		out = append(out, s[:next]...)
		s = s[next+1:] // behind the backslash
		width := 1
		switch s[0] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			var r rune
			r, width = unicodeEscape(s)
			out = utf8.AppendRune(out, r)
		default: // quote, backslash, slash
			out = append(out, s[0])
		}
		s = s[width:]
		next = bytes.IndexByte(s, '\\')
	}
	return validUTF8(append(out, s...))
}

// unicodeEscape decodes the escape whose backslash came before s, and the second half of a surrogate pair if it is
// one. It returns how much of s that was.
func unicodeEscape(s []byte) (r rune, width int) {
	r = hex4(s[1:])
	if !utf16.IsSurrogate(r) {
		return r, 5
	}
	if len(s) >= 11 && s[5] == '\\' && s[6] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[7:])); pair != utf8.RuneError {
			return pair, 11
		}
	}
	return utf8.RuneError, 5
}

func hex4(s []byte) rune {
	return hexDigit(s[0])<<12 | hexDigit(s[1])<<8 | hexDigit(s[2])<<4 | hexDigit(s[3])
}

// validUTF8 returns s with U+FFFD in place of every byte that is not UTF-8.
func validUTF8(s []byte) []byte {
	if utf8.Valid(s) {
		return s
	}
	out := make([]byte, 0, len(s)+2*utf8.UTFMax)
	for len(s) > 0 {
		r, width := utf8.DecodeRune(s)
		out = utf8.AppendRune(out, r)
		s = s[width:]
	}
	return out
}
