// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package webhookexporter is a component of your own to copy from: an exporter that posts what the function logs to a
// URL, one line a record.
//
//	exporters:
//	  webhook:
//	    url: https://example.com/hook
package webhookexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Config is what users set.
type Config struct {
	// URL takes the lines. Required.
	URL string `mapstructure:"url"`
}

// Validate is called before anything starts: its error is the one line that users see.
func (c *Config) Validate() error {
	if c.URL == "" {
		return errors.New("url must be set")
	}
	return nil
}

// NewFactory is what the layer calls. The type is the name in the YAML.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(component.MustNewType("webhook"),
		func() component.Config { return &Config{} },
		exporter.WithLogs(newLogs, component.StabilityLevelDevelopment))
}

// newLogs makes the exporter. It has neither a queue nor retries: the layer's buffer is in front of it.
func newLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	w := &webhook{url: cfg.(*Config).URL}
	return exporterhelper.NewLogs(ctx, set, cfg, w.post)
}

type webhook struct{ url string }

// post sends what the buffer hands it, and returns when it is stored: once it has returned, the environment may freeze.
// An error means that nothing was stored, and that the buffer is to try again later; a permanent one, that it is to drop
// and count the records.
func (w *webhook) post(ctx context.Context, logs plog.Logs) error {
	var lines bytes.Buffer
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				lines.WriteString(record.Body().AsString() + "\n")
			}
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, &lines) // ctx ends in time
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // nothing of it is needed
	switch {
	case response.StatusCode >= http.StatusInternalServerError, response.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("the webhook answered %q", response.Status)
	case response.StatusCode >= http.StatusMultipleChoices:
		return consumererror.NewPermanent(fmt.Errorf("the webhook answered %q", response.Status))
	}
	return nil
}
