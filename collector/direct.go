// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// direct takes the sections of a configuration that refer to nothing past the resolver, which copies all that it gets
// many times over to expand references, and to keep what it was before: for a configuration without references that is 7 %
// of the instructions of a start.
type direct struct {
	uri string // the configuration's
	// sections are on their way from the provider to the converter. One resolver at a time uses them.
	sections map[string]any
}

// shorten makes resolvers of one configuration use d.
func (d *direct) shorten(set *confmap.ResolverSettings) {
	d.uri = set.URIs[0]
	factories := make([]confmap.ProviderFactory, len(set.ProviderFactories))
	for i, f := range set.ProviderFactories {
		factories[i] = confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
			return directProvider{Provider: f.Create(set), direct: d}
		})
	}
	set.ProviderFactories = factories
	set.ConverterFactories = slices.Insert(slices.Clone(set.ConverterFactories), 0,
		confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter {
			d.sections = nil // those of another resolver, which could not resolve the references
			return d
		}))
}

// Convert puts the sections back.
func (d *direct) Convert(_ context.Context, conf *confmap.Conf) error {
	sections := d.sections
	d.sections = nil
	switch {
	case len(sections) == 0:
		return nil
	case len(conf.AllKeys()) == 0:
		*conf = *confmap.NewFromStringMap(sections) // half the cost of a merge
		return nil
	default:
		return conf.Merge(confmap.NewFromStringMap(sections))
	}
}

type directProvider struct {
	confmap.Provider
	direct *direct
}

// Retrieve retrieves, and holds back what the resolver need not see of the configuration.
func (p directProvider) Retrieve(ctx context.Context, uri string, watch confmap.WatcherFunc) (*confmap.Retrieved, error) {
	retrieved, err := p.Provider.Retrieve(ctx, uri, watch)
	if err != nil || withoutFile(uri) != withoutFile(p.direct.uri) {
		return retrieved, err
	}
	p.direct.sections = nil
	raw, err := retrieved.AsRaw()
	if err != nil {
		return nil, err
	}
	configuration, ok := raw.(map[string]any)
	if !ok {
		return retrieved, nil
	}
	referring, sections := map[string]any{}, map[string]any{}
	for key, section := range configuration {
		if isForResolver(section) {
			referring[key] = section
		} else {
			sections[key] = section
		}
	}
	p.direct.sections = sections
	return confmap.NewRetrieved(referring, confmap.WithRetrievedClose(retrieved.Close))
}

// withoutFile is a URI without the scheme that the resolver gives to paths.
func withoutFile(uri string) string { return strings.TrimPrefix(uri, "file:") }

// isForResolver tells whether a value, of the types that the resolver looks at, holds a reference or an escaped dollar sign;
// or a path as a key, which the resolver takes apart before converters see it.
func isForResolver(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, "$")
	case []any:
		return slices.ContainsFunc(v, isForResolver)
	case map[string]any:
		for key, element := range v {
			if strings.Contains(key, confmap.KeyDelimiter) || isForResolver(element) {
				return true
			}
		}
		return false
	case map[any]any: // confmap makes text of the keys
		return true
	default:
		return false
	}
}
