// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-lambda/otelcol-lambda/internal/awake"
)

const (
	scheme = "arn"
	// fetchTimeout bounds all that a configuration fetches together, freezes not counted. A healthy answer takes
	// 20 to 300 ms, the first connection included. A collector that starts again during an invocation has 2 s to be
	// ready, and needs up to a quarter of a second of them for itself on the smallest function.
	fetchTimeout = 1500 * time.Millisecond
)

// NewFactory returns the factory of the provider of ${arn:…}: see the package comment.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return newProvider(os.Getenv)
	})
}

func newProvider(getenv func(string) string) *provider {
	p := &provider{getenv: getenv}
	p.forget()
	return p
}

// provider is used by one goroutine, as confmap.Provider says.
type provider struct {
	getenv func(string) string

	// users are the secrets to fetch, and where the configuration refers to them.
	users    map[secret][]string
	outcomes map[secret]outcome
	// budget is of fetchTimeout.
	budget *awake.Budget
}

// outcome is the value of a secret, or why there is none.
type outcome struct {
	value string
	err   error
}

// Expect announces that uri may be asked for, so that it is fetched together with what is asked for first. where is
// the place of the configuration that refers to it.
func (p *provider) Expect(uri, where string) {
	ref, err := parseReference(uri)
	if err != nil {
		return // Retrieve says so.
	}
	if users := p.users[ref.secret]; !slices.Contains(users, where) {
		p.users[ref.secret] = append(users, where)
	}
}

// Retrieve implements confmap.Provider. Its errors are Errors, for what went wrong with any of the expected secrets.
func (p *provider) Retrieve(ctx context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	ref, err := parseReference(uri)
	if err != nil {
		return nil, fmt.Errorf("invalid reference %q: %w", uri, err)
	}
	if _, ok := p.outcomes[ref.secret]; !ok {
		p.fetch(ctx, ref.secret)
	}
	value, err := p.outcomes[ref.secret].value, p.outcomes[ref.secret].err
	if err != nil {
		err = p.failure()
	} else if value, err = ref.lookUp(value); err != nil {
		err = &Error{problems: []string{p.describe(ref.secret, err)}}
	}
	if err != nil {
		p.forget()
		return nil, err
	}
	// The resolver expands what it gets and makes one dollar sign of two.
	value = strings.ReplaceAll(value, "$", "$$")
	return confmap.NewRetrieved(value, confmap.WithRetrievedClose(func(context.Context) error {
		p.forget() // The configuration is about to be resolved again.
		return nil
	}))
}

// fetch fetches s and all that was announced and not fetched yet.
func (p *provider) fetch(ctx context.Context, s secret) {
	wanted := []secret{s}
	for expected := range p.users {
		if _, ok := p.outcomes[expected]; !ok && expected != s {
			wanted = append(wanted, expected)
		}
	}
	slices.SortFunc(wanted, func(a, b secret) int { return strings.Compare(a.id, b.id) })
	ctx, stop := p.budget.Spend(ctx)
	defer stop()
	c := newClient(ctx, p.getenv)
	defer c.close()
	maps.Copy(p.outcomes, c.fetch(ctx, wanted))
}

// failure is what went wrong with all secrets of which the value is not known.
func (p *provider) failure() error {
	e := &Error{}
	for _, s := range slices.SortedFunc(maps.Keys(p.outcomes), func(a, b secret) int { return strings.Compare(a.id, b.id) }) {
		if err := p.outcomes[s].err; err != nil {
			e.problems = append(e.problems, p.describe(s, err))
			e.temporary = e.temporary || isTemporary(err)
		}
	}
	return e
}

// describe names the secret and its users in front of what went wrong.
func (p *provider) describe(s secret, err error) string {
	users := ""
	if len(p.users[s]) > 0 {
		users = " (for " + strings.Join(p.users[s], ", ") + ")"
	}
	return fmt.Sprintf("%q%s: %v", s.id, users, err)
}

func (p *provider) forget() {
	p.users, p.outcomes, p.budget = map[secret][]string{}, map[secret]outcome{}, awake.NewBudget(fetchTimeout)
}

// Scheme implements confmap.Provider.
func (*provider) Scheme() string { return scheme }

// Shutdown implements confmap.Provider. There is nothing to release: no connection outlives a fetch.
func (*provider) Shutdown(context.Context) error { return nil }
