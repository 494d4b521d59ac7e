// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// event is the script. Its steps run one after the other.
type event struct {
	Steps []step `json:"steps"`
}

// step is one thing to do: the first field of these that is set.
type step struct {
	Log     *string         `json:"log"`      // write this line
	LogJSON json.RawMessage `json:"log_json"` // write this value, compact, as a line
	JSONLog *string         `json:"json_log"` // write this as Lambda's runtimes do in their JSON format, with the request id
	RawLine *string         `json:"raw_line"` // write exactly this: no line break is added
	LineOf  int             `json:"line_of"`  // write a line of so many bytes, without its line break
	Lines   int             `json:"lines"`    // write so many lines, "<prefix> 0" and so on
	Prefix  string          `json:"prefix"`   // goes with lines
	Spans   int             `json:"spans"`    // make so many spans, each a trace of its own
	Name    string          `json:"name"`     // goes with spans; default "span"
	// OTLPBytes makes one span with an attribute of so many bytes: an export request just larger than that.
	OTLPBytes int     `json:"otlp_bytes"`
	Metric    int64   `json:"metric"`   // add this to the counter test.counter
	Export    bool    `json:"export"`   // export now what was made so far, not only at the end
	SleepMs   int     `json:"sleep_ms"` // idle
	SpinMs    int     `json:"spin_ms"`  // keep a processor busy
	Error     *string `json:"error"`    // return this error; what was made is exported first
	Panic     *string `json:"panic"`    // panic with this; nothing more is exported
	Exit      *int    `json:"exit"`     // exit the process with this code; nothing more is exported
}

// response says what the invocation did.
type response struct {
	Spans       []string `json:"spans"`                  // the span ids, hexadecimal
	Lines       int      `json:"lines"`                  // how many line breaks were written
	ExportError string   `json:"export_error,omitempty"` // of the last export that failed
	ExportMs    float64  `json:"export_ms"`              // how long all exports took together
}

type function struct {
	exporters exporters
	stdout    io.Writer
	exit      func(code int)
}

func (f *function) handle(ctx context.Context, e event) (response, error) {
	run := run{function: f, telemetry: newTelemetry(ctx, f.exporters), response: response{Spans: []string{}}}
	var failed error
	for _, s := range e.Steps {
		if failed = run.step(ctx, s); failed != nil {
			break
		}
	}
	run.export(ctx)
	return run.response, failed
}

// run is one invocation.
type run struct {
	function  *function
	telemetry *telemetry
	response  response
}

func (r *run) step(ctx context.Context, s step) error {
	switch {
	case s.Log != nil:
		return r.write(*s.Log + "\n")
	case s.LogJSON != nil:
		var line bytes.Buffer
		if err := json.Compact(&line, s.LogJSON); err != nil {
			return fmt.Errorf("log_json: %w", err)
		}
		return r.write(line.String() + "\n")
	case s.JSONLog != nil:
		line, err := json.Marshal(map[string]string{"level": "INFO", "message": *s.JSONLog, "requestId": r.telemetry.requestID()})
		if err != nil {
			return fmt.Errorf("json_log: %w", err)
		}
		return r.write(string(line) + "\n")
	case s.LineOf > 0:
		return r.write(strings.Repeat("0123456789", s.LineOf/10+1)[:s.LineOf] + "\n")
	case s.RawLine != nil:
		return r.write(*s.RawLine)
	case s.Lines > 0:
		for i := range s.Lines {
			if err := r.write(fmt.Sprintf("%s %d\n", s.Prefix, i)); err != nil {
				return err
			}
		}
	case s.Spans > 0:
		if s.Name == "" {
			s.Name = "span"
		}
		for range s.Spans {
			r.response.Spans = append(r.response.Spans, r.telemetry.span(ctx, s.Name, 0))
		}
	case s.OTLPBytes > 0:
		r.response.Spans = append(r.response.Spans, r.telemetry.span(ctx, "large span", s.OTLPBytes))
	case s.Metric != 0:
		return r.telemetry.count(ctx, s.Metric)
	case s.Export:
		r.export(ctx)
	case s.SleepMs > 0:
		time.Sleep(time.Duration(s.SleepMs) * time.Millisecond)
	case s.SpinMs > 0:
		for end := time.Now().Add(time.Duration(s.SpinMs) * time.Millisecond); time.Now().Before(end); {
		}
	case s.Error != nil:
		return errors.New(*s.Error)
	case s.Panic != nil:
		panic(*s.Panic)
	case s.Exit != nil:
		r.function.exit(*s.Exit)
	default:
		return errors.New("a step of the script does nothing: look for a misspelt name")
	}
	return nil
}

func (r *run) write(text string) error {
	r.response.Lines += strings.Count(text, "\n")
	_, err := io.WriteString(r.function.stdout, text)
	return err
}

func (r *run) export(ctx context.Context) {
	begin := time.Now()
	if err := r.telemetry.export(ctx); err != nil {
		r.response.ExportError = err.Error()
	}
	r.response.ExportMs += float64(time.Since(begin).Microseconds()) / 1000
}
