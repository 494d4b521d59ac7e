// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/awake"
	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// The pause between two attempts to resolve the configuration doubles from healMin to healMax.
const (
	healMin = time.Second
	healMax = 5 * time.Minute
)

// isTemporary reports whether what is wrong with a configuration may pass by itself: a secret, or the
// configuration, is out of reach.
func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// startHealing resolves the configuration again, beside the function and ever less often, until it can be resolved as fast
// as a new collector has to, and asks the supervisor for one then. Meanwhile everything is discarded, and the ports stay
// open: nothing that the function sends has to wait, and nothing waits for an attempt. stop ends it.
func startHealing(set confmap.ResolverSettings, link *control.Link, logger *zap.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for pause := healMin; ; pause = min(2*pause, healMax) {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
			if attempt(ctx, set) {
				logger.Warn("The configuration is complete now: telemetry flows after this invocation")
				_ = link.Send(control.Renew, "") // that the supervisor is gone shows elsewhere
				return
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// attempt reports whether the configuration can be resolved within loadPatience.
func attempt(ctx context.Context, set confmap.ResolverSettings) bool {
	ctx, stop := awake.NewBudget(loadPatience).Spend(ctx)
	defer stop()
	return resolves(ctx, set)
}

// resolves reports whether a configuration can be resolved. What else there is to say about it is not said again.
func resolves(ctx context.Context, set confmap.ResolverSettings) bool {
	set.ProviderSettings.Logger, set.ConverterSettings.Logger = zap.NewNop(), zap.NewNop()
	resolver, err := confmap.NewResolver(set)
	if err != nil {
		return false
	}
	_, err = resolver.Resolve(ctx)
	return errors.Join(err, resolver.Shutdown(ctx)) == nil
}
