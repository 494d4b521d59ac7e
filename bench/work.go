// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
)

const (
	linesPerInvocation = 5000
	spansPerRequest    = 100

	// targetsStock is the CPU time in ms for 1,000 spans of the stock Collector on the machine which the targets are from.
	targetsStock = 6.3
)

// work measures what telemetry costs in CPU and memory.
func (b *bench) work(ctx context.Context) (table, error) {
	t := table{
		About: fmt.Sprintf("CPU of all processes of the extension, in the emulator, OTLP/HTTP with gzip to a backend on the same machine; "+
			"%d environments. The stock Collector has the otlp receiver and the otlp_http exporter with `sending_queue::batch` of 8,192, and no Lambda "+
			"around it; its figures are the targets for spans: its CPU, and 60 %% of its memory. The other targets are from a machine on which "+
			"1,000 spans took it %v ms, and are scaled by what they take here.", b.rounds(environments), targetsStock),
		Columns: append(b.layerNames(), stockName),
	}
	lines, warm := t.row("CPU for 1,000 plain log lines, ms", noTarget), t.row("CPU for a warm invocation with one log line, ms", noTarget)
	cpu, peak := t.row("CPU for 1,000 spans, 100 a request, ms", noTarget), t.row("peak memory meanwhile, MB", noTarget)
	// In turns: what the stock Collector takes is the measure of all of it, and a machine is faster in one minute than in the next.
	err := b.eachLayer(&t, func(l layer) error {
		if l.name == b.layers[0].name {
			if err := b.stockSpans(ctx, cpu, peak); err != nil {
				return err
			}
		}
		return errors.Join(b.lines(ctx, lines, l), b.warm(ctx, warm, l), b.spans(ctx, cpu, peak, l))
	})
	pace := cpu.Cells[stockName].median() / targetsStock
	lines.Target, warm.Target = 2.5*pace, 0.6*pace
	cpu.Target, peak.Target = cpu.Cells[stockName].median(), 0.6*peak.Cells[stockName].median()
	return t, err
}

// lines measures log lines of the function, from the Telemetry API to the backend.
func (b *bench) lines(ctx context.Context, r *row, l layer) error {
	return b.inWorld(ctx, l, 512, map[string]string{policyVar: "end"}, func(w *world) error {
		return w.costing(r, l, float64(b.rounds(10)*linesPerInvocation)/1000, func() error {
			return b.repeat(ctx, w, b.rounds(10), event{Lines: linesPerInvocation})
		})
	})
}

// warm measures invocations with one line, under the default policy.
func (b *bench) warm(ctx context.Context, r *row, l layer) error {
	return b.inWorld(ctx, l, 512, nil, func(w *world) error {
		return w.costing(r, l, float64(b.rounds(200)), func() error {
			return b.repeat(ctx, w, b.rounds(200), event{Lines: 1})
		})
	})
}

// spans measures spans that a function sends in one long invocation. The layer's buffers are of the size of the stock
// Collector's queue at 1,769 MB.
func (b *bench) spans(ctx context.Context, cpu, peak *row, l layer) error {
	return b.inWorld(ctx, l, megabytesPerCPU, nil, func(w *world) error {
		requests := b.rounds(1000)
		request, err := spans(spansPerRequest, 0)
		if err != nil {
			return err
		}
		err = w.costing(cpu, l, float64(requests*spansPerRequest)/1000, func() error {
			return w.during(ctx, func() error { return exportTimes(w.otlp, request, requests) })
		})
		if err != nil {
			return err
		}
		bytes, err := w.peak()
		peak.add(l.name, mb(bytes))
		if arrived := w.backend.Counts().Spans; err == nil && arrived < requests*spansPerRequest {
			err = fmt.Errorf("%d of %d spans have arrived", arrived, requests*spansPerRequest)
		}
		return err
	})
}

// costing adds what the layer's processes run while do runs, in milliseconds for each of n.
func (w *world) costing(r *row, l layer, n float64, do func() error) error {
	before, err := w.cpu()
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := w.cpu()
	r.add(l.name, ms(after-before)/n)
	return err
}

func (b *bench) repeat(ctx context.Context, w *world, n int, e event) error {
	for range n {
		if _, err := w.invoke(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// exportTimes exports a request n times, one after the other.
func exportTimes(endpoint string, request []byte, n int) error {
	for range n {
		if err := export(endpoint, request); err != nil {
			return err
		}
	}
	return nil
}
