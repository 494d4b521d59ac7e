// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

const (
	scheme = "rotel"
	// uri is the only one there is. What follows the scheme says where the variables are.
	uri = scheme + ":env"
)

// NewFactory returns the factory of the provider of rotel:env, a whole Collector configuration made of the ROTEL_
// variables of the process environment: see the package comment.
func NewFactory() confmap.ProviderFactory {
	return newFactory(os.Environ)
}

func newFactory(environ func() []string) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		return &provider{environ: environ, logger: set.Logger}
	})
}

// Components says whether a component is in the layer.
type Components func(kind component.Kind, componentType string) bool

type componentsKey struct{}

// WithComponents returns a context that tells the provider what it can make use of. Without it, that is everything:
// the Collector then refuses what there is not.
func WithComponents(ctx context.Context, has Components) context.Context {
	return context.WithValue(ctx, componentsKey{}, has)
}

func componentsOf(ctx context.Context) Components {
	if has, ok := ctx.Value(componentsKey{}).(Components); ok {
		return has
	}
	return func(component.Kind, string) bool { return true }
}

type provider struct {
	environ func() []string
	logger  *zap.Logger
}

// Retrieve reads the environment each time. What the user should know, and what is no error, it logs at warn.
func (p *provider) Retrieve(ctx context.Context, requested string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if requested != uri {
		return nil, fmt.Errorf("%q is not supported by the %q provider: use %q", requested, scheme, uri)
	}
	vars := newVariables(p.environ())
	config := buildConfig(vars, componentsOf(ctx))
	if err := vars.err(); err != nil {
		return nil, err
	}
	for _, warning := range vars.warnings() {
		p.logger.Warn(warning)
	}
	return confmap.NewRetrieved(config)
}

// Scheme implements confmap.Provider.
func (*provider) Scheme() string { return scheme }

// Shutdown implements confmap.Provider. There is nothing to release.
func (*provider) Shutdown(context.Context) error { return nil }
