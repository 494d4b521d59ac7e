// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of docs/configuration.md has every variable that the provider asks for when it reads testdata/*.env, and
// no other.
func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.env")
	require.NoError(t, err)
	read := map[string]bool{}
	for _, file := range files {
		vars := newVariables(readLines(t, file))
		buildConfig(vars, everything)
		for name := range vars.read {
			read[documentedName(name)] = true
		}
	}

	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(string(page), -1) {
		for _, name := range regexp.MustCompile("`(ROTEL_[A-Z0-9_{}]+)`").FindAllStringSubmatch(row[1], -1) {
			documented[name[1]] = true
		}
	}
	for _, end := range slices.Concat(harmless, sorted(withoutEffect)) {
		assert.True(t, strings.Contains(string(page), "`"+end+"`"), "%q is missing beside the table", end)
		delete(documented, end)
	}
	for _, name := range own { // The layer's, in a table of their own.
		assert.Contains(t, string(page), "| `"+name+"` |")
		delete(read, name)
	}
	assert.Equal(t, sorted(read), sorted(documented))
}

// documentedName puts placeholders in the name of a variable. The page says once that a signal has variables of its own.
func documentedName(name string) string {
	if strings.HasPrefix(name, namedPrefix) {
		return namedPrefix + "{NAME}_{PARAM}"
	}
	for _, signal := range signals {
		name = strings.Replace(name, "_EXPORTER_"+strings.ToUpper(signal)+"_", "_EXPORTER_", 1)
		name = regexp.MustCompile(`_`+strings.ToUpper(signal)+`(_|$)`).ReplaceAllString(name, "_{SIGNAL}$1")
	}
	return name
}

func sorted[V any](set map[string]V) []string { return slices.Sorted(maps.Keys(set)) }

// Whatever testdata/*.env leave out: each part of a name in the code is part of a name on the page.
func TestEveryNameInTheCodeIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	names := strings.Join(regexp.MustCompile("`[A-Z0-9_{}]+`").FindAllString(string(page), -1), " ")
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, literal := range regexp.MustCompile(`"([A-Z0-9]*_[A-Z0-9_]+|[A-Z]{3,})"`).FindAllStringSubmatch(string(code), -1) {
			found++
			assert.True(t, strings.Contains(names, literal[1]), "%s: %q", file, literal[1])
		}
	}
	assert.Greater(t, found, 40)
}
