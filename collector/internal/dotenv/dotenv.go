// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package dotenv reads files of environment variables, in the syntax that Rotel's Lambda extension reads (that of
// dotenvy, https://docs.rs/dotenvy):
//
//	# a comment
//	export NAME=value   # "export" and this comment are optional
//	QUOTED="line ${NAME} \"one\"\nline two"
//	RAW='${NAME} stays
//	and so does this line break'
//
// No library is used, because all of them replace ${arn:…} with nothing: a reference with a scheme is looked up later,
// by the Collector, and stays here.
//
// Where dotenvy refuses a file that can only mean one thing, it is read: spaces around "=" and in a value without
// quotes, a backslash before any other character, a dollar sign before what is no name. And $A_B is the variable A_B,
// where dotenvy takes A.
package dotenv

import (
	"fmt"
	"strings"
)

// Variable is what one line sets.
type Variable struct{ Name, Value string }

// Parse reads a file. ${NAME} and $NAME become what lookup finds, or else what a line before has set, or else nothing;
// unset are the names of those. The error says which line is wrong, and shows nothing of it.
func Parse(text string, lookup func(name string) (string, bool)) (variables []Variable, unset []string, err error) {
	p := &parser{rest: strings.TrimPrefix(text, "\ufeff"), line: 1, lookup: lookup, set: map[string]string{}}
	for p.nextLine() {
		name, ok := p.name()
		if !ok {
			return nil, nil, fmt.Errorf("line %d: must be NAME=value", p.line)
		}
		start := p.line
		value, ok := p.value()
		if !ok {
			return nil, nil, fmt.Errorf("line %d: a quote has no end", start)
		}
		p.set[name] = value
		variables = append(variables, Variable{name, value})
	}
	return variables, p.unset, nil
}

type parser struct {
	rest   string // what is not read yet
	line   int    // of the first character of rest, from 1
	lookup func(string) (string, bool)
	set    map[string]string
	unset  []string
}

// next takes n bytes.
func (p *parser) next(n int) string {
	taken := p.rest[:n]
	p.line += strings.Count(taken, "\n")
	p.rest = p.rest[n:]
	return taken
}

// skip takes all bytes of a set.
func (p *parser) skip(set string) (skipped bool) {
	n := len(p.rest) - len(strings.TrimLeft(p.rest, set))
	p.next(n)
	return n > 0
}

func (p *parser) skipLine() {
	n := strings.IndexByte(p.rest, '\n')
	if n < 0 {
		n = len(p.rest)
	}
	p.next(n)
}

// nextLine goes to the next line that says something.
func (p *parser) nextLine() bool {
	for {
		p.skip(" \t\r\n")
		if p.rest == "" {
			return false
		}
		if p.rest[0] != '#' {
			return true
		}
		p.skipLine()
	}
}

// name reads up to the value.
func (p *parser) name() (string, bool) {
	name := p.next(nameLen(p.rest))
	if spaced := p.skip(" \t"); name == "export" && spaced && !strings.HasPrefix(p.rest, "=") {
		name = p.next(nameLen(p.rest))
		p.skip(" \t")
	}
	if name == "" || !strings.HasPrefix(p.rest, "=") {
		return "", false
	}
	p.next(1)
	return name, true
}

// value reads up to the end of the line that the value ends in. It returns false if a quote has no end.
func (p *parser) value() (string, bool) {
	var b strings.Builder
	for {
		spaces := p.next(len(p.rest) - len(strings.TrimLeft(p.rest, " \t\r")))
		if p.rest == "" || p.rest[0] == '\n' || p.rest[0] == '#' && spaces != "" {
			p.skipLine()
			return b.String(), true
		}
		if b.Len() > 0 {
			b.WriteString(spaces)
		}
		switch p.rest[0] {
		case '\'':
			end := strings.IndexByte(p.rest[1:], '\'')
			if end < 0 {
				return "", false
			}
			b.WriteString(p.next(end + 2)[1 : end+1])
		case '"':
			p.next(1)
			for {
				if p.rest == "" {
					return "", false
				}
				if p.rest[0] == '"' {
					p.next(1)
					break
				}
				p.character(&b)
			}
		default:
			p.character(&b)
		}
	}
}

// character reads one character that is not in single quotes, and what it stands for.
func (p *parser) character(b *strings.Builder) {
	switch {
	case len(p.rest) > 1 && p.rest[0] == '\\' && strings.IndexByte("\\'\"$ n", p.rest[1]) >= 0:
		escaped := p.next(2)[1:]
		if escaped == "n" {
			escaped = "\n"
		}
		b.WriteString(escaped)
	case p.rest[0] == '$':
		n := nameLen(p.rest[1:])
		if n > 0 {
			b.WriteString(p.substitute(p.next(1 + n)[1:]))
			return
		}
		if strings.HasPrefix(p.rest, "${") {
			if n = nameLen(p.rest[2:]); n > 0 && strings.HasPrefix(p.rest[2+n:], "}") {
				b.WriteString(p.substitute(p.next(n + 3)[2 : n+2]))
				return
			}
		}
		b.WriteString(p.next(1))
	default:
		b.WriteString(p.next(1))
	}
}

func (p *parser) substitute(name string) string {
	if value, ok := p.lookup(name); ok {
		return value
	}
	value, ok := p.set[name]
	if !ok {
		p.unset = append(p.unset, name)
	}
	return value
}

// nameLen is how much of the beginning of s is the name of a variable.
func nameLen(s string) int {
	for i := range len(s) {
		c := s[i]
		isLetter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !isLetter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
