// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const usage = `lambda-emulator runs a function and a layer in a local Lambda and shows what telemetry came of it.

    lambda-emulator --layer layer.zip --function DIR [--events FILE] [flags]

It starts the layer's extensions and the function's bootstrap as Lambda does, with the Runtime, Extensions and
Telemetry APIs, freezes them between invocations, and shuts them down. Then it prints the logs and spans that arrived
at a backend of its own, a timeline of the environment, and what was lost or duplicated.

FUNCTION AND LAYER
  --function DIR      holds the executable "bootstrap", as on the runtime provided.al2023 (required)
  --handler NAME      the handler, for a bootstrap that starts a runtime client; default: bootstrap
  --layer FILE|DIR    a layer's zip, or a directory with its content; without it the function runs alone
  --env K=V           sets an environment variable of function and layer; may be repeated
  --memory 512        MB, as reported; not enforced
  --cpu share         gives the environment no more CPU than Lambda gives to that memory (1,769 MB: one vCPU); needs root
                      and a cgroup, and is refused where that is not to be had. Default: all of this machine
  --timeout 3s        the function's timeout
  --log-format Text   or JSON, as in the function's logging configuration

EVENTS
  --events FILE       what happens, one JSON value a line; - is standard input; default: one invocation with {}
  --idle 0s           time between two listed events; the environment is frozen

  A line is one of these; empty lines, and lines that begin with #, are passed over:
    {"key":"value"}                 any other JSON: invoke with it as the payload
    {"invoke":{…},"times":10}       invoke with it so many times (default 1); all wait in line, so that the environment
                                    is not frozen between them. Needed for payloads with a key invoke, idle,
                                    shutdown or backend
    {"idle":"2s"}                   nothing happens for so long: the environment is frozen
    {"backend":"down"}              the built-in backend is down, or hang, unavailable, denied, and up again from here on
    {"shutdown":"spindown"}         the environment ends; the reason may also be timeout or failure. An invocation
                                    after it is a cold start
  After the last event the environment is shut down, if it was not.

BACKEND
  --endpoint URL      sends to your own OTLP backend instead of the built-in one. Then only what happens here is known
                      and shown: what was sent, not what arrived
  --headers K=V,K=V   the headers that it wants, for example authorization=…
  --protocol http     or grpc: how the layer is to send

  The layer learns of the backend by ROTEL_OTLP_EXPORTER_ENDPOINT, _PROTOCOL and _CUSTOM_HEADERS. A layer with another
  configuration can refer to them, for example in Collector YAML: endpoint: ${env:ROTEL_OTLP_EXPORTER_ENDPOINT}.
  Setting the first one with --env is the same as --endpoint.

OUTPUT
  --quiet             does not copy the lines of the function and the extensions to standard error while they run, nor
                      say there every 10 s how many invocations have ended
  --report FILE       also writes all of it, with a chart, as one HTML page that needs nothing else
  --rows 100          how many logs, and spans, are printed at most; 0 for all

  Log records: each line that the function wrote must arrive once, as a record with that line, or with the message of
  the JSON object in it, as its body. Spans: a function can say what it sent, by a key spans in its JSON response, which
  is their number or the list of their ids; a failing one in an error message that is such a JSON object.

EXIT CODE
  0  everything that was sent has arrived, once; or --endpoint was given
  1  something was lost or duplicated
  2  wrong usage
  3  the emulation failed
`

// options is a parsed command line.
type options struct {
	emulator   lambdaemulator.Config // but for Output, OnEvent and the backend's part of Env
	eventsFile string
	events     []event
	idle       time.Duration
	endpoint   string // of the user's backend; empty: the built-in one
	headers    string
	protocol   string // http or grpc
	quiet      bool
	report     string // file of the HTML page; empty: none
	rows       int
}

// The variables that tell the layer of the backend.
const (
	endpointVariable = "ROTEL_OTLP_EXPORTER_ENDPOINT"
	protocolVariable = "ROTEL_OTLP_EXPORTER_PROTOCOL"
	headersVariable  = "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS"
)

// newFlags returns the flags, and where their values will be.
func newFlags() (*flag.FlagSet, *options) {
	o := &options{}
	o.emulator.Env = map[string]string{}
	o.emulator.Mount = lambdaemulator.MountAuto
	flags := flag.NewFlagSet("lambda-emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints errors and usage
	flags.StringVar(&o.emulator.Layer, "layer", "", "")
	flags.StringVar(&o.emulator.Function, "function", "", "")
	flags.StringVar(&o.emulator.Handler, "handler", "", "")
	flags.StringVar(&o.eventsFile, "events", "", "")
	flags.Func("env", "", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return errors.New("use NAME=VALUE")
		}
		o.emulator.Env[name] = value
		return nil
	})
	flags.IntVar(&o.emulator.MemoryMB, "memory", 512, "")
	flags.Func("cpu", "", func(text string) error {
		o.emulator.CPU = lambdaemulator.CPUMode(text)
		if o.emulator.CPU != lambdaemulator.CPUShare {
			return errors.New("use share")
		}
		return nil
	})
	flags.DurationVar(&o.emulator.Timeout, "timeout", 3*time.Second, "")
	flags.DurationVar(&o.idle, "idle", 0, "")
	flags.StringVar(&o.endpoint, "endpoint", "", "")
	flags.StringVar(&o.headers, "headers", "", "")
	flags.StringVar(&o.protocol, "protocol", "http", "")
	flags.StringVar(&o.emulator.LogFormat, "log-format", lambdaemulator.LogText, "")
	flags.BoolVar(&o.quiet, "quiet", false, "")
	flags.StringVar(&o.report, "report", "", "")
	flags.IntVar(&o.rows, "rows", 100, "")
	return flags, o
}

// parseOptions returns flag.ErrHelp if help is asked for.
func parseOptions(args []string, stdin io.Reader) (options, error) {
	flags, o := newFlags()
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	switch {
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.emulator.Function == "":
		return options{}, errors.New("--function is required: the directory that holds the bootstrap")
	case o.protocol != "http" && o.protocol != "grpc":
		return options{}, fmt.Errorf("--protocol %q: use http or grpc", o.protocol)
	case o.headers != "" && o.backendIsOurs():
		return options{}, errors.New("--headers are for your own backend: set --endpoint, too")
	case o.idle < 0 || o.rows < 0:
		return options{}, errors.New("--idle and --rows must not be negative")
	}
	events, err := readEvents(o.eventsFile, stdin)
	o.events = events
	return *o, err
}

func readEvents(file string, stdin io.Reader) ([]event, error) {
	switch file {
	case "":
		return parseEvents(strings.NewReader("{}"))
	case "-":
		return parseEvents(stdin)
	}
	opened, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--events: %w", err)
	}
	defer func() { _ = opened.Close() }() // only read
	events, err := parseEvents(opened)
	if err != nil {
		return nil, fmt.Errorf("--events %q: %w", file, err)
	}
	return events, nil
}

// backendIsOurs reports whether the built-in backend is to be started.
func (o options) backendIsOurs() bool {
	_, set := o.emulator.Env[endpointVariable]
	return o.endpoint == "" && !set
}

// environment returns the variables of the user's, and those that tell of the backend where the user's do not. The
// backend is nil if it is the user's.
func (o options) environment(backend *otlpbackend.Backend) map[string]string {
	env := map[string]string{protocolVariable: o.protocol}
	switch {
	case backend == nil:
		env[endpointVariable] = o.endpoint
	case o.protocol == "grpc":
		env[endpointVariable] = "http://" + backend.GRPCEndpoint()
	default:
		env[endpointVariable] = backend.HTTPEndpoint()
	}
	if o.headers != "" {
		env[headersVariable] = o.headers
	}
	maps.Copy(env, o.emulator.Env)
	return env
}
