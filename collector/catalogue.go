// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
)

// catalogue makes the factories of the components, and tells which components there are.
type catalogue struct {
	// make makes factories for one Collector: their components know each other.
	make func() (otelcol.Factories, error)

	mu sync.Mutex
	// last are those that were made last, nil before.
	last *otelcol.Factories
}

// factories makes new ones.
func (c *catalogue) factories() (otelcol.Factories, error) {
	factories, err := c.make()
	if err != nil {
		return factories, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = &factories
	return factories, nil
}

// has tells whether there is a component of a kind and name. It implements rotelconfmap.Components.
func (c *catalogue) has(kind component.Kind, name string) bool {
	t, err := component.NewType(name)
	if err != nil {
		return false
	}
	known, err := c.known()
	if err != nil {
		return false
	}
	ok := false
	switch kind {
	case component.KindExporter:
		_, ok = known.Exporters[t]
	case component.KindExtension:
		_, ok = known.Extensions[t]
	}
	return ok
}

// known are the last factories, or new ones where none were made: a command that only looks at a configuration.
func (c *catalogue) known() (otelcol.Factories, error) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		return *last, nil
	}
	return c.factories()
}
