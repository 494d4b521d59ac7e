// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package webhookexporter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestPost(t *testing.T) {
	for _, tt := range []struct {
		status           int
		failed, forgiven bool
	}{
		{http.StatusNoContent, false, false},
		{http.StatusBadRequest, true, false},
		{http.StatusTooManyRequests, true, true},
		{http.StatusServiceUnavailable, true, true},
	} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = string(body)
			w.WriteHeader(tt.status)
		}))
		factory := NewFactory()
		cfg := factory.CreateDefaultConfig().(*Config)
		if cfg.Validate() == nil {
			t.Error("a URL is required")
		}
		cfg.URL = server.URL
		e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		logs := plog.NewLogs()
		records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		records.AppendEmpty().Body().SetStr("one")
		records.AppendEmpty().Body().SetInt(2)
		err = e.ConsumeLogs(t.Context(), logs)
		if (err != nil) != tt.failed || tt.failed && consumererror.IsPermanent(err) == tt.forgiven {
			t.Errorf("status %d: error %v", tt.status, err)
		}
		if got != "one\n2\n" {
			t.Errorf("the webhook got %q", got)
		}
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Close()
	}
}
