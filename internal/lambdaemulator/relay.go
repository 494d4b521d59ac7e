// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// relay hands the telemetry of an environment to its subscriptions, and stops while the environment is frozen.
type relay struct {
	structured bool // the function's log format is JSON
	queue      int  // Config.TelemetryQueue
	loseCut    bool // Config.LoseCutRecords
	posted     func(name, outcome string, took time.Duration)

	mu sync.Mutex
	// backlog is replayed to a new subscription: everything since the processes of the environment were started. It is
	// kept while replay holds, that is until no extension can subscribe any more.
	backlog       []event
	replay        bool
	subscriptions []*subscription
	thawed        chan struct{} // closed while the environment runs
	thawedAt      time.Time
}

func newRelay(cfg Config, posted func(name, outcome string, took time.Duration)) *relay {
	r := &relay{
		structured: cfg.LogFormat == LogJSON, queue: cfg.TelemetryQueue, loseCut: cfg.LoseCutRecords, posted: posted, replay: true,
		thawed: make(chan struct{}),
	}
	close(r.thawed)
	return r
}

func (r *relay) emit(kind string, record any) {
	r.emitEvent(event{time: time.Now(), kind: kind, record: record})
}

// emitDropped tells that an event was dropped, instead of the event.
func (r *relay) emitDropped(kind string, record any) {
	dropped := logsDroppedRecord{Reason: droppedReason}
	for _, piece := range (event{time: time.Now(), kind: kind, record: record}).encode(false, math.MaxInt) {
		dropped.DroppedRecords++
		dropped.DroppedBytes += len(piece)
	}
	r.emit(lambdaapi.PlatformLogsDropped, dropped)
}

func (r *relay) emitLine(line LogLine) { r.emitEvent(logEvent(line)) }

func (r *relay) emitEvent(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replay {
		r.backlog = append(r.backlog, e)
	}
	for _, s := range r.subscriptions {
		s.enqueue(e)
	}
}

// endReplay is called when no extension can subscribe any more.
func (r *relay) endReplay() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.backlog, r.replay = nil, false
}

// subscribe starts a subscription with a replay of what came before it. An earlier one of the same name ends.
func (r *relay) subscribe(name string, spec subscriptionRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.subscriptions, func(s *subscription) bool { return s.name == name }); i >= 0 {
		r.subscriptions[i].cancel()
		r.subscriptions = slices.Delete(r.subscriptions, i, i+1)
	}
	s := newSubscription(r, name, spec)
	for _, e := range r.backlog {
		s.enqueue(e)
	}
	r.subscriptions = append(r.subscriptions, s)
}

// restart ends the subscriptions: their extensions are gone. What nobody had subscribed to yet is kept for those that
// come next, so that a failed INIT is seen; keep is false for a new environment.
func (r *relay) restart(keep bool) {
	r.mu.Lock()
	ended := r.subscriptions
	r.subscriptions, r.replay = nil, true
	if !keep || len(ended) > 0 {
		r.backlog = nil
	}
	r.mu.Unlock()
	for _, s := range ended {
		s.close() // without the lock, which its goroutine may want
	}
}

func (r *relay) freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.thawed = make(chan struct{})
}

func (r *relay) thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.thawedAt = time.Now()
	close(r.thawed)
}

// awake returns a channel that is closed while the environment runs, and since when it has been running.
func (r *relay) awake() (<-chan struct{}, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.thawed, r.thawedAt
}
