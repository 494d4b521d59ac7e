// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
)

// accept adds the processors of the opentelemetry-lambda layer that have no work here, so that its users' YAML loads:
// decouple lets the function go on before the exporters are done, which the buffers in front of them do, and coldstart
// marks the spans of a first invocation. They pass everything on, whatever their settings are. They are no components
// of the manifest because a layer of any manifest should have them.
func accept(factories *otelcol.Factories) {
	for _, t := range []component.Type{component.MustNewType("decouple"), component.MustNewType("coldstart")} {
		f := passThrough{processor.NewFactory(t, func() component.Config { return &anySettings{} })}
		factories.Processors[t] = f
	}
}

// anySettings takes every setting and keeps none.
type anySettings struct{}

// Unmarshal implements confmap.Unmarshaler.
func (*anySettings) Unmarshal(*confmap.Conf) error { return nil }
