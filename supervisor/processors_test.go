// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProcessors(t *testing.T) {
	one := "GOMAXPROCS=1"
	if runtime.NumCPU() == 1 {
		one = ""
	}
	for name, tt := range map[string]struct {
		memory, set, want string
	}{
		"smallest":                   {"128", "", one},
		"one CPU":                    {"1769", "", one},
		"all CPUs of any machine":    {"100000000", "", ""},
		"set by the user":            {"128", "2", ""},
		"not on Lambda":              {"", "", ""},
		"not a number":               {"much", "", ""},
		"no function has no memory":  {"0", "", ""},
		"no function has less of it": {"-128", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{memoryVar: tt.memory, processorsVar: tt.set}
			assert.Equal(t, tt.want, processors(func(name string) string { return env[name] }))
		})
	}
}
