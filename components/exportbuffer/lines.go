// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// reportEvery is how often one exporter may log what it lost, with all that it lost since the last time: under the
// Telemetry API a log line of ours may come back to us as data.
const reportEvery = 30 * time.Second

// lines are what the log says about one exporter, all its signals in one.
type lines struct {
	mu        sync.Mutex
	reporters []*reporter
	next      time.Time // of the next line
}

func (l *lines) join(r *reporter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reporters = append(l.reporters, r)
}

// emit logs what there is to say, unless that has been done a short time ago and these are not the last words.
func (l *lines) emit(logger *zap.Logger, now time.Time, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.next) && !last {
		return
	}
	var texts []string
	var cause error
	for _, r := range l.reporters {
		text, err := r.take()
		if text != "" {
			texts = append(texts, text)
		}
		if cause == nil {
			cause = err
		}
	}
	if len(texts) == 0 {
		return
	}
	l.next = now.Add(reportEvery)
	logger.Warn(strings.Join(texts, "; "), zap.Error(cause))
}
