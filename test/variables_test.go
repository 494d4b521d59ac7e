// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"io/fs"
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

// TestEveryVariableIsDocumented: docs/configuration.md has every variable that the layer's code names, and no other. Those
// of Rotel are put together in components/rotelconfmap, and held against the page there.
func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^(OTELCOL_LAMBDA|OPENTELEMETRY|OTEL|AWS)_[A-Z0-9_]+$`)
	code := map[string]bool{}
	for _, dir := range []string{"../supervisor", "../collector", "../components", "../internal/lambdaapi", "../internal/control"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, literal := range regexp.MustCompile(`"([A-Z0-9_]+)"`).FindAllStringSubmatch(string(text), -1) {
				// Of the resource attributes, Rotel's name is ROTEL_ and this.
				rotels := strings.Contains(path, "rotelconfmap") && !strings.HasPrefix(literal[1], "OTELCOL_LAMBDA_")
				if name.MatchString(literal[1]) && !rotels {
					code[literal[1]] = true
				}
			}
			return err
		}))
	}
	assert.True(t, code["OTELCOL_LAMBDA_SUPERVISED"], "the code is not where it was")
	delete(code, "OTELCOL_LAMBDA_SUPERVISED") // between supervisor and collector

	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, quoted := range regexp.MustCompile("`([A-Z0-9_]+)`").FindAllStringSubmatch(string(page), -1) {
		if name.MatchString(quoted[1]) {
			documented[quoted[1]] = true
		}
	}
	assert.Equal(t, slices.Sorted(maps.Keys(code)), slices.Sorted(maps.Keys(documented)))
}
