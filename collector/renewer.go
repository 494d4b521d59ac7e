// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"
)

// The pause between two lookups of the secrets, on behalf of a backend that refuses them, doubles from renewMin to
// renewMax while they stay what they are. A rotation takes seconds from the backend to the secret; a key that is wrong
// for ever should not cost every environment a request a minute.
const (
	renewMin = time.Minute
	renewMax = 15 * time.Minute
)

// renewer looks the secrets of a running configuration up again when a backend refuses an exporter's credentials, and
// has the configuration of all exporters made anew if one has changed. The exporters change to it when they are refused
// themselves; pipelines, receivers and what is buffered stay as they are.
//
// It implements exportbuffer.Credentials.
type renewer struct {
	references *references
	now        func() time.Time // the wall clock: time in a freeze counts

	running atomic.Bool // with secrets
	// turn is a lock; who has sent to it owns what follows.
	turn      chan struct{}
	logger    *zap.Logger
	load      func(context.Context) (*otelcol.Config, error)
	factories otelcol.Factories

	known    fingerprint
	version  int
	latest   map[component.ID]*exportbuffer.Renewal
	lookedUp time.Time
	pause    time.Duration
	started  []component.Component // extensions
}

func newRenewer(r *references) *renewer {
	return &renewer{
		references: r,
		now:        func() time.Time { return time.Now().Round(0) },
		turn:       make(chan struct{}, 1),
	}
}

// follow says that a configuration runs, which load has loaded and may load again.
func (r *renewer) follow(load func(context.Context) (*otelcol.Config, error), factories otelcol.Factories, logger *zap.Logger) {
	r.turn <- struct{}{}
	defer r.release()
	r.load, r.factories, r.logger = load, factories, logger
	r.known = r.references.fingerprint()
	r.running.Store(r.known != fingerprint{})
}

func (r *renewer) release() { <-r.turn }

// Renewable implements exportbuffer.Credentials.
func (r *renewer) Renewable() bool { return r.running.Load() }

// Renew implements exportbuffer.Credentials.
func (r *renewer) Renew(ctx context.Context, set exporter.Settings, host component.Host, version int) (*exportbuffer.Renewal, time.Time) {
	select {
	case r.turn <- struct{}{}:
		defer r.release()
	case <-ctx.Done():
		return nil, time.Time{}
	}
	if r.now().Sub(r.lookedUp) >= r.pause {
		r.lookUp(ctx, set, host)
	}
	if fresh := r.latest[set.ID]; fresh != nil && fresh.Version != version {
		return fresh, r.lookedUp
	}
	return nil, r.lookedUp
}

func (r *renewer) lookUp(ctx context.Context, set exporter.Settings, host component.Host) {
	r.lookedUp = r.now()
	r.pause = min(max(2*r.pause, renewMin), renewMax)
	cfg, err := r.load(ctx)
	if err != nil {
		r.logger.Warn("A backend refuses the credentials, and the secrets cannot be looked up again: " + oneLine(err))
		return
	}
	current := r.references.fingerprint()
	if current == r.known {
		return
	}
	r.known, r.pause = current, renewMin
	r.version++
	authenticators := r.authenticators(ctx, cfg, set, host)
	r.latest = make(map[component.ID]*exportbuffer.Renewal, len(cfg.Exporters))
	for id, config := range cfg.Exporters {
		r.latest[id] = &exportbuffer.Renewal{Version: r.version, Config: config, Extensions: authenticators}
	}
	r.logger.Info("Secrets have changed: exporters that were refused use the new values")
}

// authenticators starts new ones in place of the extensions that authenticate exporters. Those that have been in use go
// on, until the end: other exporters may still use them.
func (r *renewer) authenticators(ctx context.Context, cfg *otelcol.Config, set exporter.Settings, host component.Host) map[component.ID]component.Component {
	fresh := map[component.ID]component.Component{}
	for id, running := range host.GetExtensions() {
		factory := r.factories.Extensions[id.Type()]
		if !authenticates(running) || factory == nil {
			continue
		}
		e, err := factory.Create(ctx, extension.Settings{
			ID: id, TelemetrySettings: set.TelemetrySettings, BuildInfo: set.BuildInfo,
		}, cfg.Extensions[id])
		if err == nil {
			err = e.Start(ctx, host)
		}
		if err != nil {
			r.logger.Warn("An authenticator does not take the new values of its secrets", zap.Stringer("extension", id), zap.Error(err))
			continue
		}
		fresh[id] = e
		r.started = append(r.started, e)
	}
	return fresh
}

func authenticates(extension component.Component) bool {
	switch extension.(type) {
	case extensionauth.HTTPClient, extensionauth.GRPCClient:
		return true
	}
	return false
}

// shutdown ends what the renewer has started. Nobody is refused any more.
func (r *renewer) shutdown(ctx context.Context) {
	r.running.Store(false)
	for _, e := range r.started {
		_ = e.Shutdown(ctx) // the environment ends: there is nothing that could be done about it
	}
	r.started = nil
}
