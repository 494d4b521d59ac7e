// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdaapi holds the wire types of the AWS Lambda Extensions API (2020-01-01) and Telemetry API
// (2022-07-01). Times are decoded here, once: no other package sees epoch milliseconds or time strings.
package lambdaapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Registration is the body that Lambda answers to POST /2020-01-01/extension/register.
type Registration struct {
	// AccountID is only there when it was asked for with Lambda-Extension-Accept-Feature: accountId; empty under
	// the Runtime Interface Emulator.
	AccountID       string `json:"accountId"`
	FunctionName    string `json:"functionName"`
	FunctionVersion string `json:"functionVersion"`
	Handler         string `json:"handler"`
}

// DecodeRegistration decodes the body of a register response.
func DecodeRegistration(body []byte) (Registration, error) {
	var r Registration
	if err := json.Unmarshal(body, &r); err != nil {
		return Registration{}, fmt.Errorf("decode register response: %w", err)
	}
	return r, nil
}

// EventType tells the two lifecycle events apart.
type EventType string

const (
	Invoke   EventType = "INVOKE"
	Shutdown EventType = "SHUTDOWN"
)

// ShutdownReason says why an environment ends. Lambda documents it in upper case and sends it in others: it is
// lower-cased when it is decoded.
type ShutdownReason string

const (
	Spindown ShutdownReason = "spindown"
	Timeout  ShutdownReason = "timeout"
	Failure  ShutdownReason = "failure"
)

// Event is a lifecycle event, the body of a GET /2020-01-01/extension/event/next response.
type Event struct {
	Type EventType
	// Deadline is when Lambda takes the environment away: the function's timeout for INVOKE, the end of the
	// shutdown phase (2 s with external extensions) for SHUTDOWN.
	Deadline time.Time
	// RequestID, InvokedFunctionARN and TraceHeader are set for INVOKE only. TraceHeader is the value of
	// X-Amzn-Trace-Id, empty when the invocation has none (always so under SAM).
	RequestID          string
	InvokedFunctionARN string
	TraceHeader        string
	// ShutdownReason is set for SHUTDOWN only.
	ShutdownReason ShutdownReason
}

// DecodeEvent decodes the body of an event/next response.
func DecodeEvent(body []byte) (Event, error) {
	var wire struct {
		EventType          EventType `json:"eventType"`
		DeadlineMs         int64     `json:"deadlineMs"` // absolute, Unix epoch
		RequestID          string    `json:"requestId"`
		InvokedFunctionARN string    `json:"invokedFunctionArn"`
		Tracing            struct {
			Value string `json:"value"`
		} `json:"tracing"`
		ShutdownReason string `json:"shutdownReason"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return Event{}, fmt.Errorf("decode lifecycle event: %w", err)
	}
	if wire.EventType != Invoke && wire.EventType != Shutdown {
		return Event{}, fmt.Errorf("decode lifecycle event: unknown type %q", wire.EventType)
	}
	return Event{
		Type:               wire.EventType,
		Deadline:           time.UnixMilli(wire.DeadlineMs),
		RequestID:          wire.RequestID,
		InvokedFunctionARN: wire.InvokedFunctionARN,
		TraceHeader:        wire.Tracing.Value,
		ShutdownReason:     ShutdownReason(strings.ToLower(wire.ShutdownReason)),
	}, nil
}
