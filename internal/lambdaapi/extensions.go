// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdaapi holds the wire types of the AWS Lambda Extensions API (2020-01-01) and Telemetry API
// (2022-07-01). Times are decoded here, once: no other package sees epoch milliseconds or time strings.
package lambdaapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/jsonscan"
)

const (
	// InitializationTypeVar is the environment variable that says how the environment came to be.
	InitializationTypeVar = "AWS_LAMBDA_INITIALIZATION_TYPE"
	// ManagedInstances is its value on Lambda Managed Instances, which run invocations concurrently, without INVOKE
	// events, and are never frozen.
	ManagedInstances = "lambda-managed-instances"
	// ProvisionedConcurrency is its value where environments are started before anybody asks.
	ProvisionedConcurrency = "provisioned-concurrency"
	// SnapStart is its value where they are restored from the snapshot of one.
	SnapStart = "snap-start"

	// AheadPatience bounds the wait for the end of the function's INIT where environments are started ahead. It is the
	// time that Lambda gives to the INIT of others.
	AheadPatience = 10 * time.Second
)

// StartedAhead reports whether environments of an initialization type are frozen between INIT and the first invocation.
func StartedAhead(initialization string) bool {
	return initialization == ProvisionedConcurrency || initialization == SnapStart
}

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

// The event types.
const (
	Invoke   EventType = "INVOKE"
	Shutdown EventType = "SHUTDOWN"
)

// ShutdownReason says why an environment ends. Lambda documents it in upper case and sends it in others: it is
// lower-cased when it is decoded.
type ShutdownReason string

// The shutdown reasons.
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

// DecodeEvent decodes the body of an event/next response. It does without encoding/json, which would make the
// supervisor a quarter larger.
func DecodeEvent(body []byte) (Event, error) {
	object, _, err := jsonscan.Next(body, 0)
	if err != nil {
		return Event{}, fmt.Errorf("decode lifecycle event: %w", err)
	}
	if object[0] != '{' {
		return Event{}, errors.New("decode lifecycle event: not a JSON object")
	}
	var e Event
	for key, value := range jsonscan.Members(object) {
		switch string(key) {
		case "eventType":
			e.Type = EventType(text(value))
		case "deadlineMs": // absolute, Unix epoch
			ms, err := strconv.ParseInt(string(value), 10, 64)
			if err != nil {
				return Event{}, fmt.Errorf("decode lifecycle event: deadlineMs: %w", err)
			}
			e.Deadline = time.UnixMilli(ms)
		case "requestId":
			e.RequestID = text(value)
		case "invokedFunctionArn":
			e.InvokedFunctionARN = text(value)
		case "tracing":
			e.TraceHeader = traceHeader(value)
		case "shutdownReason":
			e.ShutdownReason = ShutdownReason(strings.ToLower(text(value)))
		}
	}
	if e.Type != Invoke && e.Type != Shutdown {
		return Event{}, fmt.Errorf("decode lifecycle event: unknown type %q", string(e.Type))
	}
	return e, nil
}

// traceHeader is the value of a tracing object, {"type":"X-Amzn-Trace-Id","value":"Root=…"}.
func traceHeader(tracing []byte) string {
	if tracing[0] == '{' {
		for key, value := range jsonscan.Members(tracing) {
			if string(key) == "value" {
				return text(value)
			}
		}
	}
	return ""
}

// text is the value of a JSON string, empty for anything else.
func text(value []byte) string {
	if value[0] != '"' {
		return ""
	}
	return jsonscan.String(value)
}
