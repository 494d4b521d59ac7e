// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
)

// circuit is what the signals of one exporter have in common: mostly one backend, and always one configuration.
type circuit struct {
	// trips counts how often a breaker of theirs has opened, or stayed open after a probe.
	trips atomic.Int64
	// works says that the latest attempt of any of them was answered.
	works atomic.Bool
	// failed is when an attempt of any of them failed last, in Unix nanoseconds; 0 if one was answered since.
	failed atomic.Int64
	lines  lines

	// slow says that an exporter did not start at once.
	slow atomic.Bool

	// making guards the configuration while an exporter is made of it and started: stock exporters change it then.
	// Whoever has sent to it has the lock, which may take as long as a start.
	making   chan struct{}
	prepared int // the version of the configuration that was taken over last
}

func (c *circuit) lock(ctx context.Context) error {
	select {
	case c.making <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *circuit) unlock() { <-c.making }

// prepare takes a new configuration over, once: the signals share it.
func (c *circuit) prepare(ctx context.Context, r *Renewal) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	defer c.unlock()
	if c.prepared != r.Version {
		takeOver(r.Config)
		c.prepared = r.Version
	}
	return nil
}

// circuits are those of all exporters of a process.
type circuits struct {
	mu  sync.Mutex
	all map[component.ID]*circuit
}

// of returns the circuit of an exporter.
func (c *circuits) of(exporter component.ID) *circuit {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[component.ID]*circuit{}
	}
	if c.all[exporter] == nil {
		c.all[exporter] = &circuit{making: make(chan struct{}, 1)}
	}
	return c.all[exporter]
}

// othersWork reports whether another exporter delivers.
func (c *circuits) othersWork(than *circuit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.all {
		if other != than && other.works.Load() {
			return true
		}
	}
	return false
}
