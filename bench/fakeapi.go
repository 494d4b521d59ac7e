// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"net/http"
	"time"
)

// fakeAPI is Lambda's Extensions API as far as the start of one extension goes: it answers at once, and never has an
// event.
type fakeAPI struct {
	addr   string
	server *http.Server

	registered, next chan time.Time // the first request of each kind
}

func startFakeAPI() (*fakeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &fakeAPI{addr: listener.Addr().String(), registered: make(chan time.Time, 1), next: make(chan time.Time, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, r *http.Request) {
		note(a.registered)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Lambda-Extension-Identifier", "8c07a8e4-2aa2-4a1b-a5a6-5b0ab6b8a1f4")
		_, _ = io.WriteString(w, `{"functionName":"my-function","functionVersion":"$LATEST","handler":"bootstrap","accountId":"123456789012"}`)
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) {
		note(a.next)
		<-r.Context().Done()
	})
	mux.HandleFunc("PUT /2022-07-01/telemetry", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `"OK"`)
	})
	a.server = &http.Server{Handler: mux}
	go func() { _ = a.server.Serve(listener) }() // until close
	return a, nil
}

func (a *fakeAPI) close() error { return a.server.Close() }

func note(at chan time.Time) {
	select {
	case at <- time.Now():
	default:
	}
}
