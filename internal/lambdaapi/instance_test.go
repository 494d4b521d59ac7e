// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLogStream(t *testing.T) {
	t.Parallel()
	const id = "2f399eb14537447da05ab2a2e39309de"
	for instance, is := range map[string]bool{
		"2026/01/02/[$LATEST]" + id:            true,
		"2026/01/02/[7]" + id:                  true,
		"2026/01/02/my-function[$LATEST]" + id: true, // with a log group of the customer's own
		"82561ce0-4537-447d-a05a-b2a2e39309de": false,
		"2026/01/02/[$LATEST]" + id[1:]:        false,
		"i-" + id:                              false,
		"":                                     false,
	} {
		want := ""
		if is {
			want = instance
		}
		assert.Equal(t, want, Init{InstanceID: instance}.LogStream(), instance)
	}
}
