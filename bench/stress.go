// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// stress measures what must hold when it becomes too much.
func (b *bench) stress(ctx context.Context) (table, error) {
	t := table{
		About: "In the emulator. The burst: 3,000 export requests of 100 KB to a function of 128 MB whose backend refuses connections; the memory is the peak " +
			"of both processes, of which the function needs a part too. The lines: one invocation that writes 20,000 as fast as it can, function and " +
			"layer together at the CPU share of 256 MB; the emulator drops what finds 10,000 undelivered.",
		Columns: b.layerNames(),
	}
	err := b.eachLayer(&t, func(l layer) error { return b.burst(ctx, &t, l) })
	if err != nil {
		return table{}, err
	}
	s, err := newShare(256. / megabytesPerCPU)
	if err != nil {
		t.About += " The lines are not measured: " + err.Error() + "."
		return t, nil //nolint:nilerr // the table says it
	}
	err = b.eachLayer(&t, func(l layer) error { return b.manyLines(ctx, &t, s, l) })
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	return t, err
}

// burst sends 300 MB to an environment whose backend is down.
func (b *bench) burst(ctx context.Context, t *table, l layer) error {
	return b.inWorld(ctx, l, 128, nil, func(w *world) error {
		w.backend.Refuse()
		request, err := spans(100, 800)
		if err != nil {
			return err
		}
		before := w.extension()
		requests := 300_000_000 / len(request)
		if err := w.during(ctx, func() error { return exportTimes(w.otlp, request, b.rounds(requests)) }); err != nil {
			return err
		}
		bytes, err := w.peak()
		t.row("peak memory in a burst of 300 MB with the backend down, MB", 100).add(l.name, mb(bytes))
		if err == nil && !slices.Equal(before, w.extension()) {
			err = fmt.Errorf("processes of the extension ended: %v became %v", before, w.extension())
		}
		return err
	})
}

// manyLines writes 20,000 lines in one invocation of a function of 256 MB.
func (b *bench) manyLines(ctx context.Context, t *table, s *share, l layer) error {
	const lines = 20_000
	return b.inWorld(ctx, l, 256, nil, func(w *world) error {
		if err := s.add(descendants(pid(os.Getpid()))[1:]); err != nil {
			return err
		}
		w.backend.Reset()
		if _, err := w.invoke(ctx, event{Lines: lines}); err != nil {
			return err
		}
		if err := w.shutdown(ctx); err != nil {
			return err
		}
		dropped, arrived := 0, 0
		for _, record := range w.backend.Logs() {
			switch record.EventName {
			case "":
				arrived++
			case lambdaapi.PlatformLogsDropped:
				dropped++
			}
		}
		t.row("platform.logsDropped after 20,000 lines", 0).add(l.name, float64(dropped))
		t.row("lines of 20,000 that did not arrive", 0).add(l.name, float64(lines-arrived))
		return nil
	})
}
