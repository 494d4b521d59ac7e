// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package dotenv

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func lookup(name string) (string, bool) {
	value, ok := map[string]string{"TOKEN": "123abc", "MY_TEAM": "front $end", "EMPTY": ""}[name]
	return value, ok
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // The value of K.
		"K=v":                                "v",
		"K=":                                 "",
		"K=   # comment":                     "",
		"K=v # comment":                      "v",
		"K=v#no comment":                     "v#no comment",
		"K=#no comment":                      "#no comment",
		" \t export \t K=v":                  "v",
		"export = v\nK=$export":              "v",
		"\ufeffK=v\r\nL=w\r\n":               "v",
		"# K=a\n\n  # K=b\nK=c":              "c",
		"K=a\nK=b":                           "b",
		"K = v":                              "v",
		"K=Bearer a b  ":                     "Bearer a b",
		"K=a=b,c==":                          "a=b,c==",
		"K='a  $TOKEN \\n' # b":              "a  $TOKEN \\n",
		"K='a\nb'\nL=c":                      "a\nb",
		"K=\"a  ${TOKEN}\"":                  "a  123abc",
		"K=\"-----BEGIN\nMII\n-----END\"":    "-----BEGIN\nMII\n-----END",
		`K="a\nb\"c\\d\$TOKEN\'e\ f"`:        "a\nb\"c\\d$TOKEN'e f",
		`K=a\ b\$c\#\8`:                      `a b$c\#\8`,
		`K=\`:                                `\`,
		`K="a"'b'c d"e"`:                     "abc de",
		"K=${TOKEN}":                         "123abc",
		"K=$TOKEN-$MY_TEAM.":                 "123abc-front $end.",
		"K=>${EMPTY}${UNSET}$UNSET<":         "><",
		"L=l\nK=${L}${L}":                    "ll",
		"TOKEN=mine\nK=$TOKEN":               "123abc", // As in dotenvy: the environment comes first.
		"K=$":                                "$",
		"K=5$,$2a$10$/${}${1}${":             "5$,$2a$10$/${}${1}${",
		"K=${arn:aws:ssm:x:1:parameter/a#b}": "${arn:aws:ssm:x:1:parameter/a#b}",
		"K=${env:TOKEN} secret://arn:x#y z":  "${env:TOKEN} secret://arn:x#y z",
		`K=\${TOKEN}`:                        "${TOKEN}",
		"K=überprüfen € \xff":                "überprüfen € \xff",
	} {
		variables, _, err := Parse(text, lookup)
		require.NoError(t, err, "%q", text)
		got := map[string]string{}
		for _, v := range variables {
			got[v.Name] = v.Value
		}
		assert.Equal(t, want, got["K"], "%q", text)
	}
}

func TestUnset(t *testing.T) {
	t.Parallel()
	_, unset, err := Parse("A=$TOKEN $B\nC='$D'\nE=${F}$A", lookup)
	require.NoError(t, err)
	assert.Equal(t, []string{"B", "F"}, unset)
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hush":               "line 1: must be NAME=value",
		"A=b\n\nhush hush=c": "line 3: must be NAME=value",
		"=hush":              "line 1: must be NAME=value",
		"export":             "line 1: must be NAME=value",
		"1A=hush":            "line 1: must be NAME=value",
		"A='x\ny'\nhush":     "line 3: must be NAME=value",
		"A=b\nC=\"hush\nD=e": "line 2: a quote has no end",
		"A='hush":            "line 1: a quote has no end",
		"A=\"hush\\\"":       "line 1: a quote has no end",
	} {
		_, _, err := Parse(text, lookup)
		require.EqualError(t, err, want, "%q", text)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"A=b", "export A='b\nc' # d", `A="${B}\"$C"`, "A=${arn:x}", "A = $", "\\=\"'$"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		variables, _, err := Parse(text, lookup)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		// What is written again between single quotes is read as it was.
		var again strings.Builder
		for _, v := range variables {
			if nameLen(v.Name) != len(v.Name) || v.Name == "" {
				t.Fatalf("name %q", v.Name)
			}
			again.WriteString(v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'\n")
		}
		reread, unset, err := Parse(again.String(), lookup)
		require.NoError(t, err)
		require.Empty(t, unset)
		require.Equal(t, variables, reread)
	})
}
