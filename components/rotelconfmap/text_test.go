// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attribute returns what becomes of a value on its way through the resolver.
func attribute(tb testing.TB, value string, secrets map[string]string) string {
	tb.Helper()
	conf := resolve(tb, resolverSettings([]string{"ROTEL_OTEL_RESOURCE_ATTRIBUTES=k=" + value}, secrets))
	actions := conf.Get("processors::resource::attributes").([]any)
	require.Len(tb, actions, 1)
	return actions[0].(map[string]any)["value"].(string)
}

func TestResolvable(t *testing.T) {
	t.Setenv("NAME", "value")
	secrets := map[string]string{
		"arn:s":     "hidden",
		"arn:hard":  "a$b$$c${NAME}${env:NAME}$",
		"arn:brace": "{NAME}",
		"arn:a#b":   "from json",
	}
	for value, want := range map[string]string{
		"":                          "",
		"plain":                     "plain",
		"$":                         "$",
		"$$":                        "$$",
		"$$$":                       "$$$",
		"a$b$1":                     "a$b$1",
		"$NAME":                     "$NAME",
		"${NAME}":                   "${NAME}",
		"$${NAME}":                  "$${NAME}",
		"${":                        "${",
		"${}":                       "${}",
		"}${{":                      "}${{",
		"${file:/etc/passwd}":       "${file:/etc/passwd}",
		"${env:NAME}":               "value",
		"<${env:NAME}>":             "<value>",
		"$${env:NAME}$":             "$value$",
		"${a${env:NAME}}":           "${avalue}",
		"${env:UNSET:-other}":       "other",
		"${arn:s}":                  "hidden",
		"Bearer ${arn:s}":           "Bearer hidden",
		"${arn:s}/${env:NAME}/${x}": "hidden/value/${x}",
		"${arn:hard}":               "a$b$$c${NAME}${env:NAME}$",
		"x${arn:hard}${arn:hard}":   "xa$b$$c${NAME}${env:NAME}$a$b$$c${NAME}${env:NAME}$",
		"$${arn:brace}":             "${NAME}",
		"${arn:a#b}":                "from json",
		"secret://arn:s":            "hidden",
		"secret://arn:hard":         "a$b$$c${NAME}${env:NAME}$",
		"secret://other":            "secret://other",
		"a secret://arn:s":          "a secret://arn:s",
		"${arn:a$b}":                "${arn:a$b}",
	} {
		assert.Equal(t, want, attribute(t, value, secrets), "%q", value)
	}
}

func TestParsePairs(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]pair{
		"":                        nil,
		" , ,":                    nil,
		"a=b":                     {{"a", "b"}},
		"a=":                      {{"a", ""}},
		"a==":                     {{"a", "="}},
		" a = b=c , d=e f ,":      {{"a", "b=c"}, {"d", "e f"}},
		"a=1,a=2":                 {{"a", "1"}, {"a", "2"}},
		"a=${arn:x=y},b=$c":       {{"a", "${arn:x=y}"}, {"b", "$c"}},
		"key with space=v\tv\n":   {{"key with space", "v\tv"}},
		"service.name=überprüfen": {{"service.name", "überprüfen"}},
	} {
		got, err := parsePairs(list)
		require.NoError(t, err, "%q", list)
		assert.Equal(t, want, got, "%q", list)
	}
	for _, list := range []string{"a", "=b", " = b", "a=b,c", "a=b,c,d=e", "${arn:x}", "${arn:x=y}", "secret://arn:x=y", "${env:A}=b"} {
		_, err := parsePairs(list)
		require.Error(t, err, "%q", list)
	}
}

func TestParseHeaders(t *testing.T) {
	t.Parallel()
	got, err := parseHeaders("Authorization=Bearer a.b-c==,X-A=1,authorization=2,x-tab=a\tb")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"authorization": "2", "x-a": "1", "x-tab": "a\tb"}, got)

	for _, list := range []string{"a b=c", "a:b=c", "ü=c", "a\x7f=c", "a=b\rc", "a=b\x00"} {
		_, err := parseHeaders(list)
		require.Error(t, err, "%q", list)
	}
}

func FuzzParsePairs(f *testing.F) {
	for _, list := range []string{"a=b,c=d", "a=b=c,", "=", ",,", "a=${arn:x=y}", "k"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		pairs, err := parsePairs(list)
		if err != nil {
			return
		}
		// Written again, a list is read as the same pairs.
		var entries []string
		for _, p := range pairs {
			if p.name == "" || p.name != strings.TrimSpace(p.name) || p.value != strings.TrimSpace(p.value) {
				t.Fatalf("%q gives %q=%q", list, p.name, p.value)
			}
			entries = append(entries, p.name+"="+p.value)
		}
		again, err := parsePairs(strings.Join(entries, ","))
		require.NoError(t, err)
		require.Equal(t, pairs, again)
	})
}

func FuzzParseHeaders(f *testing.F) {
	f.Add("Authorization=key,x-b=c")
	f.Add("a b=c")
	f.Add("a=b\nc")
	f.Fuzz(func(t *testing.T, list string) {
		headers, err := parseHeaders(list)
		if err != nil {
			return
		}
		for name, value := range headers {
			if name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n\x00") {
				t.Fatalf("%q gives %q: %q", list, name, value)
			}
		}
	})
}

// What holds no reference comes out of the resolver as it went in, whatever the dollar signs in it.
func FuzzResolvable(f *testing.F) {
	for _, value := range []string{"$", "a$$b", "${x}", "$${x}", "${file:x}", "${env:", "}${", "${arn:$}", "secret://x"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		value = strings.TrimSpace(value)
		if hasReference(value) || strings.Contains(value, ",") {
			return
		}
		require.Equal(t, value, attribute(t, value, nil))
	})
}
