// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"
)

// tellEvery is how long somebody who waits is left without a word, unless a round takes longer.
const tellEvery = 5 * time.Second

// progress tells how far the measurements are.
type progress struct {
	out         io.Writer
	title       string // of what is being measured
	began, told time.Time
}

// begin tells what is being measured from now on.
func (p *progress) begin(title string) {
	p.title, p.began, p.told = title, time.Now(), time.Now()
	_, _ = fmt.Fprintf(p.out, "%s ...\n", title)
}

// round tells, now and then, which round of how many begins, from 0 on.
func (p *progress) round(n, of int) {
	if time.Since(p.told) >= tellEvery {
		p.told = time.Now()
		_, _ = fmt.Fprintf(p.out, "    round %d of %d\n", n+1, of)
	}
}

// end tells how long it took.
func (p *progress) end() {
	_, _ = fmt.Fprintf(p.out, "%-45s %s\n", p.title, time.Since(p.began).Round(time.Second))
}
