// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

const policyVar = "OTELCOL_LAMBDA_FLUSH_POLICY"

// environments is how many of a layer are measured: the peak of their memory differs by a tenth from one to the next.
const environments = 5

// latency measures what the function waits for.
func (b *bench) latency(ctx context.Context) (table, error) {
	t := table{
		About: fmt.Sprintf("In the emulator, a function of 512 MB. Medians of the single calls and invocations of %d environments; p99 of each environment. "+
			"25 ms of the end flush are the Telemetry API's own buffering.", b.rounds(environments)),
		Columns: b.layerNames(),
	}
	err := b.eachLayer(&t, func(l layer) error { return b.exportCalls(ctx, &t, l) })
	if err != nil {
		return table{}, err
	}
	err = b.eachLayer(&t, func(l layer) error {
		r := t.row("added to an invocation without a flush (periodic), ms", 1)
		return b.overruns(ctx, r, l, "periodic", 0, event{Lines: 1})
	})
	if err != nil {
		return table{}, err
	}
	request, err := spans(10, 0)
	if err != nil {
		return table{}, err
	}
	return t, b.eachLayer(&t, func(l layer) error {
		r := t.row("added by a flush at the end, 10 spans and 20 lines, backend 5 ms away, ms", 40)
		return b.overruns(ctx, r, l, "end", 5*time.Millisecond, event{Lines: 20, OTLP: request})
	})
}

// exportCalls measures the OTLP export calls of a function whose backend answers after 500 ms.
func (b *bench) exportCalls(ctx context.Context, t *table, l layer) error {
	return b.inWorld(ctx, l, 512, nil, func(w *world) error {
		w.backend.SetFault(otlpbackend.Fault{Latency: 500 * time.Millisecond})
		request, err := spans(10, 0)
		if err != nil {
			return err
		}
		var calls values
		err = w.during(ctx, func() error {
			for range b.rounds(500) {
				began := time.Now()
				if err := export(w.otlp, request); err != nil {
					return err
				}
				calls = append(calls, ms(time.Since(began)))
			}
			return nil
		})
		t.row("OTLP export call of the function, backend 500 ms away: median, ms", 2).add(l.name, calls.median())
		t.row("OTLP export call of the function, backend 500 ms away: p99, ms", 5).add(l.name, calls.quantile(0.99))
		return err
	})
}

// overruns measures what invocations are billed for after the function has ended.
func (b *bench) overruns(ctx context.Context, r *row, l layer, policy string, latency time.Duration, e event) error {
	return b.inWorld(ctx, l, 512, map[string]string{policyVar: policy}, func(w *world) error {
		w.backend.SetFault(otlpbackend.Fault{Latency: latency})
		for range b.rounds(40) {
			inv, err := w.invoke(ctx, e)
			if err != nil {
				return err
			}
			r.add(l.name, ms(inv.Overrun()))
		}
		return nil
	})
}

// eachLayer measures ours and the peer in turn. What a peer cannot do is said, and no reason to end.
func (b *bench) eachLayer(t *table, measure func(layer) error) error {
	for n := range b.rounds(environments) {
		for i, l := range b.layers {
			b.round(n, b.rounds(environments))
			err := measure(l)
			if err != nil && i == 0 {
				return fmt.Errorf("%s: %w", b.title, err)
			}
			if err != nil {
				t.About += fmt.Sprintf(" %s failed: %v.", l.name, err)
			}
		}
	}
	return nil
}

// inWorld runs do in a new, warm world.
func (b *bench) inWorld(ctx context.Context, l layer, memoryMB int, env map[string]string, do func(*world) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := rewrite(l.dir); err != nil {
		return err
	}
	w, err := newWorld(ctx, l, b.function, memoryMB, env)
	if err != nil {
		return err
	}
	err = do(w)
	if closeErr := w.close(); err == nil {
		err = closeErr
	}
	return err
}

func (b *bench) layerNames() []string {
	var list []string
	for _, l := range b.layers {
		list = append(list, l.name)
	}
	return list
}

// rounds is how often something is done: a fifth of n, at least once, in a quick run.
func (b *bench) rounds(n int) int {
	if b.quick {
		return int(math.Ceil(float64(n) / 10))
	}
	return n
}
