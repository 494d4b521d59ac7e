// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const (
	// patience bounds whatever a world waits for.
	patience = 2 * time.Minute
	// functionTimeout is far above what an invocation takes.
	functionTimeout = 30 * time.Second
)

// world is a function with a layer, in the emulator, and the backend that the layer reports to.
type world struct {
	*lambdaemulator.Function
	backend *otlpbackend.Backend
	// otlp is the base URL at which the layer takes OTLP/HTTP.
	otlp string
}

// event is what the function takes: see ./function.
type event struct {
	Lines int    `json:"lines,omitempty"`
	OTLP  []byte `json:"otlp,omitempty"`
	Wait  string `json:"wait,omitempty"`
}

// newWorld starts a world and has the function invoked once, so that everything is warm.
func newWorld(ctx context.Context, l layer, function string, memoryMB int, env map[string]string) (*world, error) {
	backend, err := otlpbackend.Start(otlpbackend.Config{})
	if err != nil {
		return nil, err
	}
	listen, err := freeAddress()
	if err != nil {
		backend.Close()
		return nil, err
	}
	cfg := lambdaemulator.Config{
		Layer: l.dir, Function: function, MemoryMB: memoryMB, Timeout: functionTimeout,
		Env: l.env(backend.HTTPEndpoint(), listen),
	}
	for name, value := range env {
		cfg.Env[name] = value
	}
	w := &world{backend: backend, otlp: "http://" + listen}
	cfg.Env["OTEL_EXPORTER_OTLP_ENDPOINT"] = w.otlp
	if w.Function, err = lambdaemulator.New(cfg); err != nil {
		backend.Close()
		return nil, err
	}
	if _, err := w.invoke(ctx, event{Lines: 1}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	err := w.Close()
	w.backend.Close()
	return err
}

// invoke invokes the function, which must succeed.
func (w *world) invoke(ctx context.Context, e event) (lambdaemulator.Invocation, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return lambdaemulator.Invocation{}, err
	}
	inv, err := w.Invoke(ctx, payload)
	if err == nil && inv.Status != lambdaemulator.StatusSuccess {
		err = fmt.Errorf("the function failed: %s %s %s", inv.Status, inv.ErrorType, inv.Payload)
	}
	return inv, err
}

// during has do run while the function waits for it.
func (w *world) during(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done <- do() }))
	defer server.Close()
	if _, err := w.invoke(ctx, event{Wait: server.URL}); err != nil {
		return err
	}
	return <-done
}

// shutdown ends the environment: what is still buffered leaves.
func (w *world) shutdown(ctx context.Context) error { return w.Shutdown(ctx, lambdaapi.Spindown) }

// extension lists the processes of the layer.
func (w *world) extension() []pid {
	var list []pid
	for _, p := range w.ExtensionProcesses() {
		list = append(list, pid(p.PID))
	}
	return list
}

// cpu is what the layer's processes have run so far. Call it between invocations, when they are frozen.
func (w *world) cpu() (time.Duration, error) { return sum(w.extension(), pid.cpu) }

// peak is the most memory that the layer's processes have held in RAM, each at its own worst moment, in bytes.
func (w *world) peak() (int64, error) { return sum(w.extension(), pid.peak) }

func sum[T time.Duration | int64](list []pid, of func(pid) (T, error)) (total T, err error) {
	if len(list) == 0 {
		return 0, errors.New("the extension has no process any more")
	}
	for _, p := range list {
		n, ofErr := of(p)
		total, err = total+n, errors.Join(err, ofErr)
	}
	return total, err
}

// freeAddress returns an address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
