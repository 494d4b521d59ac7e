// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// fetchError is that of a configuration that could not be fetched, for a reason that may pass by itself.
type fetchError struct{ error }

func (e fetchError) Unwrap() error { return e.error }

// Temporary tells that another attempt may go well.
func (fetchError) Temporary() bool { return true }

// errNotCome is the end of an attempt to fetch a configuration that has taken loadPatience.
var errNotCome = fetchError{errors.New("the configuration has not come in " + loadPatience.String() +
	": check the way to it, for example from inside the function's VPC")}

// retrieve has a provider retrieve a value, and does not wait for one that takes longer than ctx: those of http and https
// know no limit, and do not heed their context. What they have begun goes on until the server or this process ends it.
func retrieve(ctx context.Context, p confmap.Provider, uri string, watch confmap.WatcherFunc) (*confmap.Retrieved, error) {
	var (
		retrieved *confmap.Retrieved
		err       error
		done      = make(chan struct{})
	)
	go func() {
		defer close(done)
		retrieved, err = p.Retrieve(ctx, uri, watch)
	}()
	select {
	case <-done:
		if err != nil && passes(err) {
			return nil, fetchError{err}
		}
		return retrieved, err
	case <-ctx.Done():
		return nil, errNotCome
	}
}

// passes reports whether an error of a provider is one of the network, or of a server that is not well.
func passes(err error) bool {
	var response interface{ HTTPStatusCode() int } // of AWS
	if errors.As(err, &response) {
		return isUnwell(response.HTTPStatusCode())
	}
	if request := (*url.Error)(nil); errors.As(err, &request) {
		return request.Op != "parse"
	}
	if network := (*net.OpError)(nil); errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	// The providers of http and https say it in words only.
	_, code, _ := strings.Cut(err.Error(), "status code: ")
	status, _ := strconv.Atoi(code)
	return isUnwell(status)
}

func isUnwell(status int) bool { return status >= 500 || status == http.StatusTooManyRequests }
