// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const stockName = "stock Collector"

// stockConfig is what a user of the Collector would write for the same load.
const stockConfig = `yaml:
receivers: { otlp: { protocols: { http: { endpoint: "LISTEN" } } } }
exporters: { otlp_http: { endpoint: "BACKEND", compression: gzip, sending_queue: { batch: { min_size: 8192, max_size: 8192, flush_timeout: 1s } } } }
service: { telemetry: { metrics: { level: none } }, pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } } }`

// stockSpans gives the stock Collector the same load as spans gives a layer.
func (b *bench) stockSpans(ctx context.Context, cpu, peak *row) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	backend, err := otlpbackend.Start(otlpbackend.Config{})
	if err != nil {
		return err
	}
	defer backend.Close()
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	config := strings.NewReplacer("LISTEN", listen, "BACKEND", backend.HTTPEndpoint()).Replace(stockConfig)
	if err := rewrite(b.stock); err != nil {
		return err
	}
	process, err := os.StartProcess(b.stock, []string{b.stock, "--config", config},
		&os.ProcAttr{Env: []string{}, Files: []*os.File{nil, nil, nil}, Sys: &syscall.SysProcAttr{}})
	if err != nil {
		return err
	}
	defer func() {
		_, waitErr := process.Wait()
		err = errors.Join(err, waitErr)
	}()
	defer func() { _ = process.Kill() }() // its work is done
	if err := awaitListener(ctx, listen); err != nil {
		return fmt.Errorf("%s: %w", stockName, err)
	}
	requests := b.rounds(1000)
	request, err := spans(spansPerRequest, 0)
	if err != nil {
		return err
	}
	p := pid(process.Pid)
	before, err := p.cpu()
	if err != nil {
		return err
	}
	if err := exportTimes("http://"+listen, request, requests); err != nil {
		return err
	}
	err = backend.WaitFor(ctx, func(b *otlpbackend.Backend) bool { return b.Counts().Spans >= requests*spansPerRequest })
	if err != nil {
		return err
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	cpu.add(stockName, ms(after-before)/(float64(requests*spansPerRequest)/1000))
	bytes, err := p.peak()
	peak.add(stockName, mb(bytes))
	return err
}

// awaitListener waits until somebody listens.
func awaitListener(ctx context.Context, address string) error {
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
