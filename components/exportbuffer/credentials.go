// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// refusedPatience is how long data is kept that the backend refuses for its credentials, while these may change: for
// a rotation that has reached the backend and not yet the place where we read the key. The data is dropped when the
// credentials have been looked up this long after the first refusal, and are what they were.
const refusedPatience = time.Minute

// Credentials knows what the secrets in the configuration stand for.
type Credentials interface {
	// Renewable reports whether the configuration holds any.
	Renewable() bool
	// Renew returns how to run an exporter with what they stand for now; nil if that is what the exporter knows, whose
	// version is given (0 for the configuration that it was created with). It looks them up itself at a bounded rate
	// and returns when it did so last. It returns when ctx ends.
	Renew(ctx context.Context, exporter exporter.Settings, host component.Host, version int) (fresh *Renewal, lookedUp time.Time)
}

// Renewal is how to run an exporter from now on. It is shared by its signals.
type Renewal struct {
	// Version is above 0, and higher than that of earlier ones.
	Version int
	Config  component.Config
	// Extensions are those that take the place of the ones of the host.
	Extensions map[component.ID]component.Component
}

// refusal is what a buffer knows of a backend that refuses its credentials. The flush in progress owns it.
type refusal struct {
	// since is when it was refused first; zero if it was not since a request was delivered.
	since time.Time
	// final says that there is nothing to hope for: what is refused is dropped.
	final bool
}

// refusedError says what to check. It is the exporter's answer otherwise.
type refusedError struct {
	error
	exporter component.ID
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the backend does not accept the credentials of exporter %q, check the key or token that it is configured with, or the secret that holds it: %v",
		e.exporter, e.error)
}

func (e *refusedError) Unwrap() error { return e.error }

// isRefused recognises an answer about the credentials: HTTP 401 and 403, as exporters of the Collector put them, their
// like in gRPC, and ClickHouse's.
func isRefused(err error) bool {
	switch status.Code(unwrapStatus(err)) {
	case codes.Unauthenticated, codes.PermissionDenied:
		return true
	}
	if e, ok := errors.AsType[*consumererror.Error](err); ok {
		if code := consumererror.ToHTTPStatus(e); code == http.StatusUnauthorized || code == http.StatusForbidden {
			return true
		}
	}
	text := err.Error()
	for _, sign := range []string{"401 Unauthorized", "403 Forbidden", "AUTHENTICATION_FAILED", "code: 516,"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// mayRenew says that data which is refused for its credentials is worth keeping.
func (b *buffer[T]) mayRenew() bool {
	return !b.refusal.final && b.env.credentials != nil && b.env.credentials.Renewable()
}

// reconsider looks for new credentials after a refusal. It reports whether another attempt will do something about the
// data: deliver or drop it.
func (b *buffer[T]) reconsider(ctx context.Context) bool {
	if b.refusal.since.IsZero() {
		b.refusal.since = b.env.now()
	}
	renewed, lookedUp := b.renewCredentials(ctx)
	switch {
	case renewed:
	case lookedUp.Sub(b.refusal.since) >= refusedPatience:
		b.refusal.final = true
	default:
		return false
	}
	b.breaker.succeed() // it has answered, and another answer is to be expected
	return true
}

// renewCredentials runs the exporter with what its credentials are now, if that is known. An exporter that cannot be
// created so stays as it is.
func (b *buffer[T]) renewCredentials(ctx context.Context) (renewed bool, lookedUp time.Time) {
	fresh, lookedUp := b.env.credentials.Renew(ctx, b.set, b.host, b.version)
	if fresh == nil {
		return false, lookedUp
	}
	if b.breaker.circuit.prepare(ctx, fresh) != nil {
		return false, lookedUp
	}
	b.version = fresh.Version
	if !b.replace(ctx, fresh.Config, extended(b.host, fresh.Extensions)) {
		return false, lookedUp
	}
	b.refusal.final = false
	return true, lookedUp
}

// extendedHost is a host with more extensions.
type extendedHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

// extended returns a host with extensions that come before its own.
func extended(host component.Host, by map[component.ID]component.Component) component.Host {
	if len(by) == 0 {
		return host
	}
	all := map[component.ID]component.Component{}
	maps.Copy(all, host.GetExtensions())
	maps.Copy(all, by)
	return extendedHost{host, all}
}

func (h extendedHost) GetExtensions() map[component.ID]component.Component { return h.extensions }
