// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInvalid(t *testing.T) {
	env := environmentOf(map[string]string{configURIVar: "/var/task/a.yaml"})
	err := errors.New("failed to get config: bad:\n\n  very bad")
	for want, args := range map[string][]string{
		`bad: very bad (check "/var/task/a.yaml")`: {"validate"},
		`bad: very bad (check "b.yaml")`:           {"validate", "--config", "b.yaml"},
		`bad: very bad (check "c.yaml")`:           {"validate", "--config", "b.yaml", "--config=c.yaml"},
	} {
		assert.EqualError(t, env.invalid(args, err), want)
	}
	assert.Empty(t, configFlag([]string{"validate", "--config"}))
	assert.Empty(t, configFlag([]string{"validate", "--configure=x"}))
}
