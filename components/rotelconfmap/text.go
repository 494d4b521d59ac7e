// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"fmt"
	"strings"
)

// resolvable returns the text that the resolver of the configuration, which replaces ${scheme:…} and makes one dollar
// sign of two, turns into value: references stay, all other dollar signs are doubled.
func resolvable(value string) string {
	if arn, ok := strings.CutPrefix(value, "secret://"); ok && strings.HasPrefix(arn, "arn:") {
		value = "${" + arn + "}"
	}
	var b strings.Builder
	for {
		before, _, found := strings.Cut(value, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		value = value[len(before):]
		n := referenceLen(value)
		if n == 0 {
			b.WriteByte('$') // Of two: the other one is written below.
			n = 1
		}
		b.WriteString(value[:n])
		value = value[n:]
	}
}

// referenceLen returns the length of the ${arn:…} or ${env:…} that s begins with, or 0.
func referenceLen(s string) int {
	if !strings.HasPrefix(s, "${arn:") && !strings.HasPrefix(s, "${env:") {
		return 0
	}
	end := strings.IndexAny(s[2:], "${}")
	if end < 0 || s[2+end] != '}' {
		return 0
	}
	return 2 + end + 1
}

// hasReference says that what value stands for is known to the resolver only.
func hasReference(value string) bool {
	for i := range value {
		if referenceLen(value[i:]) > 0 {
			return true
		}
	}
	return strings.HasPrefix(value, "secret://arn:")
}

// isReference says that value is a reference as a whole.
func isReference(value string) bool {
	n := referenceLen(value)
	return n > 0 && n == len(value) || strings.HasPrefix(value, "secret://arn:")
}

// pair is an entry of a list.
type pair struct {
	name, value string
}

// parsePairs reads name=value,name=value. Spaces around names and values do not count, nor do empty entries. Its error
// is for variables.reject: it shows nothing of the list.
func parsePairs(list string) ([]pair, error) {
	var pairs []pair
	n := 0
	for entry := range strings.SplitSeq(list, ",") {
		n++
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, value, found := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		if !found || name == "" || strings.Contains(name, "${") || strings.HasPrefix(name, "secret://") {
			return nil, fmt.Errorf("must be a list name=value,name=value, and entry %d of it is not so: "+
				"a value cannot hold a comma, and secrets go into values, name=${arn:…}", n)
		}
		pairs = append(pairs, pair{name, strings.TrimSpace(value)})
	}
	return pairs, nil
}

// parseHeaders is parsePairs for names and values that HTTP takes (RFC 9110, section 5). Names are the same in any
// case; of several values for one of them the last one counts.
func parseHeaders(list string) (map[string]string, error) {
	pairs, err := parsePairs(list)
	if err != nil {
		return nil, err
	}
	headers := make(map[string]string, len(pairs))
	for i, p := range pairs {
		if strings.ContainsFunc(p.name, notInToken) {
			return nil, fmt.Errorf("holds a name that no header can have, in the pair %d of name=value,name=value: "+
				"use letters, digits and hyphens", i+1)
		}
		if strings.ContainsFunc(p.value, isControl) {
			return nil, fmt.Errorf("holds a line break or another control character in the value of pair %d: remove it", i+1)
		}
		headers[strings.ToLower(p.name)] = p.value
	}
	return headers, nil
}

func notInToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f
}
