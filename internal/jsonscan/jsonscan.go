// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package jsonscan reads JSON text in place: values are slices of the text, nothing is copied and no tree is built.
// It is for the one hot path of this product, telemetry records, where encoding/json costs several times more.
//
// Next checks the text and finds the end of a value. The other functions take a value that Next has returned, rely on
// it being valid, and so cannot fail. What is valid, and what a string decodes to, is what encoding/json says.
package jsonscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	// Offset is the index of the offending byte, len(text) if the text ended too early.
	Offset int
	// Err is io.ErrUnexpectedEOF if the text ended too early.
	Err error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%v at byte %d", e.Err, e.Offset) }

func (e *SyntaxError) Unwrap() error { return e.Err }

var errUnexpected = errors.New("unexpected character")

func errorAt(text []byte, i int) error {
	if i >= len(text) {
		return &SyntaxError{Offset: len(text), Err: io.ErrUnexpectedEOF}
	}
	return &SyntaxError{Offset: i, Err: errUnexpected}
}

// Next returns the JSON value that begins at i, after white space, and the index of the first byte behind it. It
// neither recurses nor limits the depth: what a function logs must not be able to exhaust our stack, nor to get a
// batch refused. The error is a *SyntaxError.
func Next(text []byte, i int) (value []byte, end int, err error) {
	var shallow [64]byte
	open := shallow[:0] // the brackets that are open, innermost last
	i = Space(text, i)
	start := i
	for {
		i = Space(text, i)
		var ok bool
		switch c := at(text, i); c {
		case '{', '[':
			i = Space(text, i+1)
			if at(text, i) == c+2 { // '}' is '{'+2, ']' is '['+2
				i, ok = i+1, true
				break
			}
			open = append(open, c)
			if c == '{' {
				if i, ok = key(text, i); !ok {
					return nil, i, errorAt(text, i)
				}
			}
			continue
		case '"':
			i, ok = str(text, i)
		case 't':
			i, ok = literal(text, i, "true")
		case 'f':
			i, ok = literal(text, i, "false")
		case 'n':
			i, ok = literal(text, i, "null")
		default:
			i, ok = number(text, i)
		}
		if !ok {
			return nil, i, errorAt(text, i)
		}
		// A value ends at i: close what it closes, up to the next comma.
		for {
			if len(open) == 0 {
				return text[start:i], i, nil
			}
			in := open[len(open)-1]
			i = Space(text, i)
			c := at(text, i)
			if c == ',' {
				i++
				if in == '{' {
					if i, ok = key(text, Space(text, i)); !ok {
						return nil, i, errorAt(text, i)
					}
				}
				break
			}
			if c != in+2 {
				return nil, i, errorAt(text, i)
			}
			open = open[:len(open)-1]
			i++
		}
	}
}

// Valid reports whether text is one JSON value, with nothing but white space around it.
func Valid(text []byte) bool {
	_, end, err := Next(text, 0)
	return err == nil && Space(text, end) == len(text)
}

// Members yields the members of a valid object in order, each key decoded; duplicate keys are yielded as they come.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := Space(object, 1)
		for object[i] != '}' {
			end := skip(object, i)
			name := Bytes(nil, object[i:end])
			i = Space(object, Space(object, end)+1) // behind the colon
			end = skip(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			i = separator(object, end)
		}
	}
}

// Elements yields the elements of a valid array in order.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		i := Space(array, 1)
		for array[i] != ']' {
			end := skip(array, i)
			if !yield(array[i:end]) {
				return
			}
			i = separator(array, end)
		}
	}
}

// Space returns the index of the first byte of text, from i on, that is not white space.
func Space(text []byte, i int) int {
	for i < len(text) && text[i] <= ' ' && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// separator returns the index of what follows a member or element that ends at i: the next one, or the closing bracket.
func separator(text []byte, i int) int {
	i = Space(text, i)
	if text[i] == ',' {
		i = Space(text, i+1)
	}
	return i
}

// skip returns the end of the valid value that begins at i.
func skip(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
	default:
		for i < len(text) && text[i] > ' ' && text[i] != ',' && text[i] != '}' && text[i] != ']' {
			i++
		}
		return i
	}
}

// skipString returns the end of the valid string that begins at i: behind the first quote that is not escaped.
func skipString(text []byte, i int) int {
	i++
	for {
		i += bytes.IndexByte(text[i:], '"')
		backslashes := 0
		for text[i-1-backslashes] == '\\' {
			backslashes++
		}
		i++
		if backslashes%2 == 0 {
			return i
		}
	}
}
