// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/sha256"
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
	// retrieved is what the providers of what is no secret have returned, by URI: a configuration that is resolved again
	// is the same one, with the secrets of that time, and nobody else is asked for it.
	retrieved map[string]*confmap.Retrieved
	// hashes are those of the secrets, by URI.
	hashes map[string][sha256.Size]byte
}

// fingerprint is the same as long as the values of all secrets are. The zero value stands for no secrets.
type fingerprint [sha256.Size]byte

// fingerprint returns that of the configuration that was resolved last.
func (r *references) fingerprint() fingerprint {
	if len(r.hashes) == 0 {
		return fingerprint{}
	}
	all := sha256.New()
	for _, uri := range slices.Sorted(maps.Keys(r.hashes)) {
		hash := r.hashes[uri]
		_, _ = all.Write(hash[:]) // it never fails
	}
	return fingerprint(all.Sum(nil))
}

// follow returns the factories of the same providers, whose values references looks at. One resolver uses them at a
// time.
func (r *references) follow(factories []confmap.ProviderFactory) []confmap.ProviderFactory {
	r.expecters = map[string]expecter{}
	r.retrieved = map[string]*confmap.Retrieved{}
	r.hashes = map[string][sha256.Size]byte{}
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
	if again := p.retrieved[uri]; again != nil {
		raw, err := again.AsRaw()
		if err != nil {
			return nil, err
		}
		p.look(ctx, raw, p.place(uri))
		return again, nil
	}
	retrieved, err := p.ask(ctx, uri, watch)
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
			p.hashes[uri] = sha256.Sum256([]byte(text))
		}
		return retrieved, nil
	}
	if value, changed := p.look(ctx, raw, p.place(uri)); changed {
		if retrieved, err = confmap.NewRetrieved(value, confmap.WithRetrievedClose(retrieved.Close)); err != nil {
			return nil, err
		}
	}
	p.retrieved[uri] = retrieved
	return retrieved, nil
}

// ask asks the provider itself. Those of secrets have a limit of their own, and are told what else to fetch; some have
// what they return at hand, and need none.
func (p followedProvider) ask(ctx context.Context, uri string, watch confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if _, secret := p.Provider.(expecter); secret || isAtHand(p.Scheme()) {
		return p.Provider.Retrieve(ctx, uri, watch)
	}
	return retrieve(ctx, p.Provider, uri, watch)
}

// isAtHand tells what is in this process: variables, and the text of a URI.
func isAtHand(scheme string) bool {
	return scheme == envScheme || scheme == "yaml" || strings.HasPrefix(environmentConfig, scheme+":")
}

// place is where the references in a value are: in a variable, or in the whole configuration.
func (p followedProvider) place(uri string) string {
	if p.Scheme() == envScheme {
		return "${" + uri + "}"
	}
	return ""
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
