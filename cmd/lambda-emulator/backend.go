// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/otelcol-lambda/otelcol-lambda/cmd/lambda-emulator/page"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// backendState is what an event makes of the built-in backend.
type backendState string

// The states, as an events file names them.
const (
	backendUp          backendState = "up"
	backendDown        backendState = "down"        // no connection is accepted
	backendHang        backendState = "hang"        // no request is answered
	backendUnavailable backendState = "unavailable" // 503, gRPC UNAVAILABLE
	backendDenied      backendState = "denied"      // 401, gRPC UNAUTHENTICATED
)

func parseBackend(value json.RawMessage) (event, error) {
	var state backendState
	if err := json.Unmarshal(value, &state); err == nil {
		switch state {
		case backendUp, backendDown, backendHang, backendUnavailable, backendDenied:
			return event{backend: state}, nil
		}
	}
	return event{}, fmt.Errorf("backend %s: use %q, %q, %q, %q or %q",
		value, backendUp, backendDown, backendHang, backendUnavailable, backendDenied)
}

// faultyBackend changes the built-in backend and remembers when.
type faultyBackend struct {
	backend *otlpbackend.Backend // nil if it is the user's

	mu      sync.Mutex
	changes []page.Fault
}

func (b *faultyBackend) become(state backendState) error {
	if b.backend == nil {
		return fmt.Errorf("backend %q: only the built-in backend can be changed, not your own", state)
	}
	if err := b.backend.Accept(); err != nil {
		return fmt.Errorf("backend %q: %w", state, err)
	}
	b.backend.ClearFault()
	shown := string(state)
	switch state {
	case backendUp:
		shown = ""
	case backendDown:
		b.backend.Refuse()
		b.backend.CloseConnections()
	case backendHang:
		b.backend.SetFault(otlpbackend.Fault{Hang: true})
	case backendUnavailable:
		b.backend.SetFault(otlpbackend.Fault{HTTPStatus: http.StatusServiceUnavailable, GRPCCode: codes.Unavailable})
	case backendDenied:
		b.backend.SetFault(otlpbackend.Fault{HTTPStatus: http.StatusUnauthorized, GRPCCode: codes.Unauthenticated})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes = append(b.changes, page.Fault{Time: time.Now(), State: shown})
	return nil
}
