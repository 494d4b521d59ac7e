// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// subscriptionRequest is the body of PUT /2022-07-01/telemetry, as Lambda reads it.
type subscriptionRequest struct {
	SchemaVersion string                `json:"schemaVersion"`
	Types         []string              `json:"types"`
	Buffering     lambdaapi.Buffering   `json:"buffering"`
	Destination   lambdaapi.Destination `json:"destination"`
}

// Defaults of the buffering. Lambda Developer Guide, "Telemetry API reference".
const (
	defaultItems     = 10_000
	defaultBytes     = 262_144
	defaultTimeoutMs = 1_000
)

// runtimeAPIPort is the one port that a destination may not name, although the emulator itself listens on another.
const runtimeAPIPort = "9001"

func decodeSubscription(body []byte) (subscriptionRequest, error) {
	request := subscriptionRequest{
		Buffering: lambdaapi.Buffering{MaxItems: defaultItems, MaxBytes: defaultBytes, TimeoutMs: defaultTimeoutMs},
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return subscriptionRequest{}, fmt.Errorf("the body is no subscription: %w", err)
	}
	return request, request.validate()
}

func (r subscriptionRequest) validate() error {
	if !slices.Contains([]string{"2022-07-01", "2022-12-13", "2025-01-29"}, r.SchemaVersion) {
		return fmt.Errorf("schemaVersion %q is not supported", r.SchemaVersion)
	}
	if len(r.Types) == 0 {
		return fmt.Errorf("types must not be empty")
	}
	known := []string{lambdaapi.TelemetryPlatform, lambdaapi.TelemetryFunction, lambdaapi.TelemetryExtension}
	for _, t := range r.Types {
		if !slices.Contains(known, t) {
			return fmt.Errorf("types: %q is not one of %q", t, known)
		}
	}
	b := r.Buffering
	for _, limit := range []struct {
		name            string
		value, min, max int
	}{
		{"maxItems", b.MaxItems, lambdaapi.MinItems, lambdaapi.MaxItems},
		{"maxBytes", b.MaxBytes, lambdaapi.MinBytes, lambdaapi.MaxBytes},
		{"timeoutMs", b.TimeoutMs, lambdaapi.MinTimeoutMs, lambdaapi.MaxTimeoutMs},
	} {
		if limit.value < limit.min || limit.value > limit.max {
			return fmt.Errorf("buffering: %s is %d, not in [%d, %d]", limit.name, limit.value, limit.min, limit.max)
		}
	}
	return validateDestination(r.Destination)
}

func validateDestination(d lambdaapi.Destination) error {
	if d.Protocol != "HTTP" {
		return fmt.Errorf("destination: protocol %q is not emulated, HTTP is", d.Protocol)
	}
	uri, err := url.Parse(d.URI)
	switch {
	case err != nil || uri.Scheme != "http":
		return fmt.Errorf("destination: URI %q is not an http URL", d.URI)
	case uri.Hostname() != "sandbox.localdomain" && uri.Hostname() != "sandbox":
		return fmt.Errorf("destination: host %q is not sandbox.localdomain", uri.Hostname())
	case uri.Port() == "" || uri.Port() == runtimeAPIPort:
		return fmt.Errorf("destination: port %q is not permitted", uri.Port())
	}
	return nil
}

// handleTelemetry serves PUT /2022-07-01/telemetry.
func (f *Function) handleTelemetry(w http.ResponseWriter, r *http.Request) {
	switch f.cfg.Telemetry {
	case TelemetryMissing:
		http.NotFound(w, r)
		return
	case TelemetryStub:
		respondError(w, http.StatusAccepted, "Telemetry.NotSupported", "Telemetry API is not supported")
		return
	case TelemetrySupported:
	}
	e, ok := f.identify(w, r)
	if !ok {
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	request, err := decodeSubscription(body)
	if err == nil && f.cfg.managed() && request.SchemaVersion != lambdaapi.TelemetrySchema {
		err = fmt.Errorf("schemaVersion %q is not supported on Managed Instances, %q is", request.SchemaVersion, lambdaapi.TelemetrySchema)
	}
	if err != nil {
		respondError(w, http.StatusBadRequest, "ValidationError", err.Error())
		return
	}
	f.mu.Lock()
	closed := f.sandbox == nil || f.sandbox.initialised
	f.mu.Unlock()
	if closed {
		respondError(w, http.StatusForbidden, "Telemetry.SubscriptionClosed", "INIT has ended")
		return
	}
	f.relay.subscribe(e.name, request)
	f.journal.event(TimelineEvent{Kind: KindSubscribed, Name: e.name})
	f.relay.emit("platform.telemetrySubscription", subscriptionRecord{Name: e.name, State: "Subscribed", Types: request.Types})
	respond(w, http.StatusOK, "OK")
}
