// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

const (
	envScheme = "env"
	// secretPrefix is how users of Rotel write a value that is one secret as a whole.
	secretPrefix = "secret://"
)

// expecter is a provider of values that are secret, and that it can have at once when it is told of the references to
// them beforehand.
type expecter interface {
	// Expect announces that the configuration refers to uri at the place where.
	Expect(uri, where string)
}

// references follows the references from one provider to another. The resolver of the configuration asks the providers
// for one value at a time; references looks at each value that it gets and announces what that refers to.
type references struct {
	// unresolved leaves references to secrets as they are: for print-config.
	unresolved bool

	expecters map[string]expecter
	env       confmap.Provider // nil if there is none
	followed  map[string]bool  // the variables that were looked at
	masks     masks
}

// follow returns the factories of the same providers, whose values references looks at. One resolver uses them at a
// time.
func (r *references) follow(factories []confmap.ProviderFactory) []confmap.ProviderFactory {
	r.expecters = map[string]expecter{}
	followed := make([]confmap.ProviderFactory, len(factories))
	for i, f := range factories {
		followed[i] = confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
			p := followedProvider{Provider: f.Create(set), references: r}
			if e, ok := p.Provider.(expecter); ok {
				r.expecters[p.Scheme()] = e
			} else if p.Scheme() == envScheme {
				r.followed = map[string]bool{}
				r.env = f.Create(confmap.ProviderSettings{Logger: zap.NewNop()}) // the resolver's own says what is to be said
			}
			return p
		})
	}
	return followed
}

type followedProvider struct {
	confmap.Provider
	*references
}

// Retrieve has the provider retrieve, and looks at what it did.
func (p followedProvider) Retrieve(ctx context.Context, uri string, watch confmap.WatcherFunc) (*confmap.Retrieved, error) {
	_, secret := p.Provider.(expecter)
	if secret && p.unresolved {
		return confmap.NewRetrieved("$${" + uri + "}")
	}
	retrieved, err := p.Provider.Retrieve(ctx, uri, watch)
	if err != nil {
		return nil, err
	}
	raw, err := retrieved.AsRaw()
	if err != nil {
		return nil, err
	}
	if secret {
		if text, ok := raw.(string); ok {
			p.masks.add(strings.ReplaceAll(text, "$$", "$"))
		}
		return retrieved, nil
	}
	where := ""
	if p.Scheme() == envScheme {
		where = "${" + uri + "}"
	}
	value, changed := p.look(ctx, raw, where)
	if !changed {
		return retrieved, nil
	}
	return confmap.NewRetrieved(value, confmap.WithRetrievedClose(retrieved.Close))
}

// look announces the references in a value, and returns the value with secret://… turned into references.
func (r *references) look(ctx context.Context, value any, where string) (_ any, changed bool) {
	switch v := value.(type) {
	case string:
		text, changed := v, false
		if uri, ok := strings.CutPrefix(v, secretPrefix); ok && r.expects(uri) {
			text, changed = "${"+uri+"}", true
		}
		r.announce(ctx, text, where)
		return text, changed
	case []any:
		var looked []any
		for i, element := range v {
			if element, changed := r.look(ctx, element, join(where, strconv.Itoa(i))); changed {
				if looked == nil {
					looked = slices.Clone(v)
				}
				looked[i] = element
			}
		}
		if looked != nil {
			return looked, true
		}
	case map[string]any:
		var looked map[string]any
		for key, element := range v {
			if element, changed := r.look(ctx, element, join(where, key)); changed {
				if looked == nil {
					looked = maps.Clone(v)
				}
				looked[key] = element
			}
		}
		if looked != nil {
			return looked, true
		}
	}
	return value, false
}

// announce announces the references in a text, and those that it has by way of environment variables. References whose
// URI holds another reference, and what other providers will return, are seen only when the resolver gets to them.
func (r *references) announce(ctx context.Context, text, where string) {
	parts := strings.Split(text, "${")
	for i, part := range parts[1:] {
		uri, _, closed := strings.Cut(part, "}")
		if dollars := len(parts[i]) - len(strings.TrimRight(parts[i], "$")); !closed || dollars%2 == 1 {
			continue // "$${" stands for itself
		}
		if !strings.Contains(uri, ":") {
			uri = envScheme + ":" + uri
		}
		scheme, _, _ := strings.Cut(uri, ":")
		if e, ok := r.expecters[scheme]; ok {
			e.Expect(uri, where)
		} else if scheme == envScheme && r.env != nil && !r.followed[uri] {
			r.followed[uri] = true // before it is looked at: it may refer to itself
			if retrieved, err := r.env.Retrieve(ctx, uri, nil); err == nil {
				raw, _ := retrieved.AsRaw()
				r.look(ctx, raw, where+" by way of "+strings.TrimPrefix(uri, envScheme+":"))
			}
		}
	}
}

func (r *references) expects(uri string) bool {
	scheme, _, _ := strings.Cut(uri, ":")
	_, ok := r.expecters[scheme]
	return ok
}

// join makes the path of a configuration key, in the notation of the Collector.
func join(where, key string) string {
	if where == "" {
		return key
	}
	return where + confmap.KeyDelimiter + key
}
