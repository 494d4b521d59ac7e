// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences under which code may be linked into the layer. They let anyone pass the layer on, as long as
// the texts go with it; MPL-2.0 asks besides for the sources of its unchanged files, which the module's path names.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0"}

// certain is the percentage of a file's words that must be a known licence's.
const certain = 75

// identify sets the modules' licences. The error names every module without a known licence that is allowed.
func identify(modules []*module) error {
	var errs []error
	for _, m := range modules {
		for _, f := range m.files {
			if !isLicense(f.name) {
				continue
			}
			ids, err := scan(f.text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s@%s: %s: %w", m.path, m.version, f.name, err))
				continue
			}
			m.ids = append(m.ids, ids...)
		}
		slices.Sort(m.ids)
		m.ids = slices.Compact(m.ids)
		if len(m.ids) == 0 {
			errs = append(errs, fmt.Errorf("%s@%s: no licence", m.path, m.version))
		}
	}
	return errors.Join(errs...)
}

// isLicense tells licences from what goes with them: notices and grants of patents.
func isLicense(name string) bool {
	base := strings.ToUpper(path.Base(name))
	return !strings.HasPrefix(base, "NOTICE") && !strings.HasPrefix(base, "PATENTS")
}

// scan finds the licences in a text.
func scan(text string) ([]string, error) {
	found := licensecheck.Scan([]byte(text))
	var ids []string
	for _, m := range found.Match {
		if m.IsURL { // the licence's address in a header: the text says more
			continue
		}
		if !slices.Contains(allowed, m.ID) {
			return nil, fmt.Errorf("licence %q is not allowed: see identify.go", m.ID)
		}
		ids = append(ids, m.ID)
	}
	if found.Percent < certain {
		return nil, fmt.Errorf("only %.0f%% of the text is a known licence %q: read it", found.Percent, ids)
	}
	return ids, nil
}
