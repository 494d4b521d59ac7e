// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"os"
	"strings"

	"github.com/otelcol-lambda/otelcol-lambda/collector/internal/dotenv"
)

// envFileVar names a file of variables.
const envFileVar = "ROTEL_ENV_FILE"

// applyEnvFile puts the variables of the file into the environment of this process, where they count more than what
// is there, as Rotel has it: whatever reads the environment from here on needs not know of the file. It returns what
// the user should know.
func (e environment) applyEnvFile() (warning string, err error) {
	path, _ := e.lookup(envFileVar)
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%q: %w", envFileVar, err)
	}
	variables, unset, err := dotenv.Parse(string(text), e.lookup)
	if err != nil {
		return "", fmt.Errorf("%q: %q: %w", envFileVar, path, err)
	}
	for _, v := range variables {
		if err := os.Setenv(v.Name, v.Value); err != nil {
			return "", fmt.Errorf("%q: %q: variable %q: %w", envFileVar, path, v.Name, err)
		}
	}
	if len(unset) > 0 {
		warning = fmt.Sprintf("%q: %q uses variables that are not set: %s", envFileVar, path, strings.Join(unset, ", "))
	}
	return warning, nil
}
