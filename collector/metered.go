// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-lambda/otelcol-lambda/components/exportbuffer"
)

// meteredReceiver makes receivers of metrics in whose way the reports of the buffers go.
type meteredReceiver struct {
	receiver.Factory
	meter *exportbuffer.Meter
}

func (m meteredReceiver) CreateMetrics(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	r, err := m.Factory.CreateMetrics(ctx, set, cfg, next)
	if err != nil {
		return nil, err
	}
	m.meter.Through(set.ID, next)
	return metered{r, m.meter}, nil
}

type metered struct {
	component.Component
	meter *exportbuffer.Meter
}

// Shutdown comes before that of the pipelines behind the receiver, which still take the last report.
func (m metered) Shutdown(ctx context.Context) error {
	err := m.Component.Shutdown(ctx)
	m.meter.Report(ctx)
	return err
}
