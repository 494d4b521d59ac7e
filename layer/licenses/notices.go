// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

const heading = `Third-party software in this layer

The executables are linked with the Go modules below. Their sources are at https://pkg.go.dev under these paths and
versions. Each text stands once, behind the list of those that it goes with.
`

// writeNotices writes each different text once, behind the modules and files that have it.
func writeNotices(w io.Writer, modules []*module) error {
	var texts []string
	users := map[string][]string{}
	for _, m := range modules {
		for _, f := range m.files {
			if users[f.text] == nil {
				texts = append(texts, f.text)
			}
			users[f.text] = append(users[f.text], fmt.Sprintf("%s %s: %s", m.path, m.version, f.name))
		}
	}
	// The few long lists last: most readers look for the rare texts. Texts of about the same length are mostly the same
	// licence, which is compressed well beside itself.
	slices.SortStableFunc(texts, func(a, b string) int {
		return cmp.Or(len(users[a])-len(users[b]), len(a)-len(b))
	})
	var out strings.Builder
	out.WriteString(heading)
	for _, text := range texts {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s", strings.Repeat("=", 80), strings.Join(users[text], "\n"), text)
	}
	_, err := io.WriteString(w, out.String())
	return err
}
