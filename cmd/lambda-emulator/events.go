// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// event is one thing that happens to the environment: exactly one of its fields is set, times aside.
type event struct {
	payload  json.RawMessage // invoke with this
	times    int             // so many times, at least 1; goes with payload
	idle     time.Duration
	shutdown lambdaapi.ShutdownReason
	backend  backendState
}

// maxEvent is the longest line of an events file: Lambda's limit for the payload of a synchronous invocation, 6 MB
// ("Lambda quotas"), and room for the rest of the line.
const maxEvent = 7 << 20

// parseEvents reads an events file: see the usage.
func parseEvents(r io.Reader) ([]event, error) {
	var events []event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		e, err := parseEvent(bytes.Clone(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, errors.New("there is no event")
	}
	return events, nil
}

func parseEvent(line []byte) (event, error) {
	if !json.Valid(line) {
		return event{}, errors.New("not a JSON value")
	}
	var keys map[string]json.RawMessage
	if line[0] == '{' {
		if err := json.Unmarshal(line, &keys); err != nil {
			return event{}, err
		}
	}
	switch {
	case keys["invoke"] != nil:
		return parseInvoke(keys)
	case len(keys) == 1 && keys["idle"] != nil:
		return parseIdle(keys["idle"])
	case len(keys) == 1 && keys["shutdown"] != nil:
		return parseShutdown(keys["shutdown"])
	case len(keys) == 1 && keys["backend"] != nil:
		return parseBackend(keys["backend"])
	case keys["idle"] != nil, keys["shutdown"] != nil, keys["backend"] != nil:
		return event{}, errors.New(`idle, shutdown and backend take no other key: if this is a payload, write {"invoke":…}`)
	}
	return event{payload: line, times: 1}, nil
}

func parseInvoke(keys map[string]json.RawMessage) (event, error) {
	e := event{payload: keys["invoke"], times: 1}
	for key, value := range keys {
		switch key {
		case "invoke":
		case "times":
			if err := json.Unmarshal(value, &e.times); err != nil || e.times < 1 {
				return event{}, fmt.Errorf("times %s: use a number from 1", value)
			}
		default:
			return event{}, fmt.Errorf(`invoke takes no key %q: if this is a payload, write {"invoke":…}`, key)
		}
	}
	return e, nil
}

func parseIdle(value json.RawMessage) (event, error) {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return event{}, fmt.Errorf(`idle %s: use a duration, such as "2s"`, value)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return event{}, fmt.Errorf(`idle %q: use a duration, such as "2s"`, text)
	}
	return event{idle: d}, nil
}

func parseShutdown(value json.RawMessage) (event, error) {
	var reason lambdaapi.ShutdownReason
	if err := json.Unmarshal(value, &reason); err == nil {
		switch reason {
		case lambdaapi.Spindown, lambdaapi.Timeout, lambdaapi.Failure:
			return event{shutdown: reason}, nil
		}
	}
	return event{}, fmt.Errorf("shutdown %s: use %q, %q or %q", value, lambdaapi.Spindown, lambdaapi.Timeout, lambdaapi.Failure)
}
