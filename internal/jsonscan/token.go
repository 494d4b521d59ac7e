// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import "encoding/binary"

// The functions here check one token that begins at text[i]. They return the index behind it, or of the byte that
// should not be there.

// at returns text[i], or 0, which no token contains, behind the end.
func at(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// key checks an object key and its colon.
func key(text []byte, i int) (int, bool) {
	if at(text, i) != '"' {
		return i, false
	}
	i, ok := str(text, i)
	if !ok {
		return i, false
	}
	i = Space(text, i)
	if at(text, i) != ':' {
		return i, false
	}
	return i + 1, true
}

func literal(text []byte, i int, want string) (int, bool) {
	for j := range len(want) {
		if at(text, i+j) != want[j] {
			return i + j, false
		}
	}
	return i + len(want), true
}

func str(text []byte, i int) (int, bool) {
	for i = plain(text, i+1); i < len(text); i = plain(text, i+1) {
		switch c := text[i]; {
		case c == '"':
			return i + 1, true
		case c < ' ':
			return i, false
		case c != '\\':
			continue
		}
		i++
		switch at(text, i) {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			for range 4 {
				i++
				if hexDigit(at(text, i)) < 0 {
					return i, false
				}
			}
		default:
			return i, false
		}
	}
	return i, false
}

// plain skips, eight bytes at a time, what needs no look in a string: anything but quotes, backslashes and control
// characters. Strings are most of a batch, and this makes checking them several times cheaper.
func plain(text []byte, i int) int {
	const every = 0x0101010101010101
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		quote, backslash := word^'"'*every, word^'\\'*every
		// The high bit of a byte gets set where the subtraction borrows: below ' ', or where an xor left zero.
		if ((word-' '*every)&^word|(quote-every)&^quote|(backslash-every)&^backslash)&(0x80*every) != 0 {
			break
		}
	}
	return i
}

func number(text []byte, i int) (int, bool) {
	if at(text, i) == '-' {
		i++
	}
	var ok bool
	if at(text, i) == '0' {
		i++
	} else if i, ok = digits(text, i); !ok {
		return i, false
	}
	if at(text, i) == '.' {
		if i, ok = digits(text, i+1); !ok {
			return i, false
		}
	}
	if c := at(text, i); c == 'e' || c == 'E' {
		i++
		if c := at(text, i); c == '+' || c == '-' {
			i++
		}
		if i, ok = digits(text, i); !ok {
			return i, false
		}
	}
	return i, true
}

// digits checks for one digit or more.
func digits(text []byte, i int) (int, bool) {
	start := i
	for c := at(text, i); '0' <= c && c <= '9'; c = at(text, i) {
		i++
	}
	return i, i > start
}

// hexDigit returns the value of c, -1 if it is not a hexadecimal digit.
func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}
