// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cost is what a layer costs, as a median of several starts.
type cost struct {
	name                     string
	zip, cpu, faults, memory float64 // MB, ms, number, MB
	instructions             float64 // million; 0 if they cannot be counted
}

// components writes what each layer of a pattern costs beyond ours: it has one component more.
func (b *bench) components(temp, pattern, out string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return fmt.Errorf("no layers match %q (%w)", pattern, err)
	}
	paths = append([]string{b.zip}, paths...)
	costs := make([]cost, len(paths))
	subjects := make([]subject, len(paths))
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		dir, err := openLayer(path, temp)
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), "component-"), "-")
		if subjects[i], err = (layer{name, dir, ourEnv("grpc")}).subject(); err != nil {
			return err
		}
		costs[i] = cost{name: name, zip: mb(info.Size())}
	}
	b.begin("Components")
	measured := map[string]*[3]values{}
	err = b.interleave(subjects, b.rounds(15), nil, func(name string, s startUp) {
		if measured[name] == nil {
			measured[name] = &[3]values{}
		}
		for i, v := range []float64{ms(s.cpu), float64(s.faults), mb(s.resident)} {
			measured[name][i] = append(measured[name][i], v)
		}
	})
	if err != nil {
		return err
	}
	for i := range costs {
		b.round(i, len(costs))
		m := measured[costs[i].name]
		costs[i].cpu, costs[i].faults, costs[i].memory = m[0].median(), m[1].median(), m[2].median()
		if n, err := countInstructions(subjects[i]); err == nil {
			costs[i].instructions = float64(n) / 1e6
		}
	}
	return os.WriteFile(filepath.Join(out, "components.md"), componentTable(costs[0], costs[1:]), 0o644)
}

// componentTable shows what each costs beyond the base, the dearest first.
func componentTable(base cost, costs []cost) []byte {
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(b.faults, a.faults) })
	var text bytes.Buffer
	text.WriteString("| One more in the default layer | Zip, MB | CPU until ready, ms | Instructions, million | Page faults | Memory, MB |\n|---|--:|--:|--:|--:|--:|\n")
	fmt.Fprintf(&text, "| the default layer | %.1f | %.1f | %.1f | %s | %.1f |\n",
		base.zip, base.cpu, base.instructions, number(base.faults), base.memory)
	for _, c := range costs {
		fmt.Fprintf(&text, "| `%s` | %+.1f | %+.1f | %+.1f | %+.0f | %+.1f |\n", c.name,
			c.zip-base.zip, c.cpu-base.cpu, c.instructions-base.instructions, c.faults-base.faults, c.memory-base.memory)
	}
	return text.Bytes()
}
