// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"context"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory returns the factory of the telemetryapi receiver.
func NewFactory() receiver.Factory {
	s := &shared{receivers: map[*Config]*telemetryReceiver{}, getenv: os.Getenv}
	return receiver.NewFactory(
		component.MustNewType("telemetryapi"),
		createDefaultConfig,
		receiver.WithLogs(s.createLogs, component.StabilityLevelAlpha),
		receiver.WithTraces(s.createTraces, component.StabilityLevelAlpha),
		receiver.WithMetrics(s.createMetrics, component.StabilityLevelAlpha),
	)
}

// shared holds one receiver for each configuration, however many signals it is asked for: they must come from one
// subscription, or a trace could leave before the logs of its invocation.
type shared struct {
	mu        sync.Mutex
	receivers map[*Config]*telemetryReceiver
	getenv    func(string) string
}

func (s *shared) createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	r, err := s.receiver(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	r.logs = next
	return r, nil
}

func (s *shared) createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	r, err := s.receiver(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	r.traces = next
	return r, nil
}

func (s *shared) createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	r, err := s.receiver(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	r.metrics = next
	return r, nil
}

func (s *shared) receiver(set receiver.Settings, cfg *Config) (*telemetryReceiver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.receivers[cfg]; ok {
		return r, nil
	}
	r, err := newReceiver(set, cfg, s.getenv, time.Now)
	if err != nil {
		return nil, err
	}
	r.forget = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.receivers, cfg)
	}
	s.receivers[cfg] = r
	return r, nil
}
