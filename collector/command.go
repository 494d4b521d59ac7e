// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"slices"
	"strings"
)

// validates tells whether the command line asks whether a configuration is valid.
func validates(args []string) bool { return slices.Contains(args, "validate") }

// invalid is what is wrong with a configuration in the words that the layer has for it in Lambda: one line that names
// where to mend it.
func (e environment) invalid(args []string, err error) error {
	if uri := configFlag(args); uri != "" {
		e.lookup = func(name string) (string, bool) { return uri, name == configURIVar }
	}
	return errors.New(strings.TrimPrefix(e.advice(err), "failed to get config: "))
}

// configFlag returns the last configuration that the command line names, in the place of that of the environment.
func configFlag(args []string) (uri string) {
	for i, arg := range args {
		value, isFlag := strings.CutPrefix(arg, "--config")
		switch {
		case !isFlag:
		case value == "" && i+1 < len(args):
			uri = args[i+1]
		case strings.HasPrefix(value, "="):
			uri = value[1:]
		}
	}
	return uri
}
