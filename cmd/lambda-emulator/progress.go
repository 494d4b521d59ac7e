// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

// tellEvery is how long somebody who waits is left without a word.
const tellEvery = 10 * time.Second

// progress tells how many invocations have ended.
type progress struct {
	of    int // so many are asked for
	ended atomic.Int64
}

// newProgress counts what events ask for.
func newProgress(events []event) *progress {
	p := &progress{}
	for _, e := range events {
		p.of += e.times
	}
	return p
}

// happened is told of everything that happens.
func (p *progress) happened(e lambdaemulator.TimelineEvent) {
	if e.Kind == lambdaemulator.KindInvokeEnd {
		p.ended.Add(1)
	}
}

// tell writes a line now and then, until the returned function is called.
func (p *progress) tell(out io.Writer) (stop func()) {
	began, ticker := time.Now(), time.NewTicker(tellEvery)
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ticker.C:
				_, _ = fmt.Fprintf(out, "lambda-emulator: %d of %d invocations have ended after %s\n",
					p.ended.Load(), p.of, time.Since(began).Round(time.Second))
			case <-stopping:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(stopping)
		<-stopped
	}
}

// lines lets several goroutines write lines, each with one call.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(line)
}
