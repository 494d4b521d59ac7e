// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/fakeaws"
)

const (
	secretLatency = 100 * time.Millisecond
	secretARN     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:backend/"
	parameterARN  = "arn:aws:ssm:us-east-1:123456789012:parameter/backend/key"
)

// secrets measures the start with three secrets of two services.
func (b *bench) secrets(context.Context) (table, error) {
	aws := fakeaws.Start(fakeaws.Config{
		Secrets:    map[string]any{secretARN + "one-AbCdEf": "value one", secretARN + "two-AbCdEf": "value two"},
		Parameters: map[string]string{parameterARN: "value three"},
		Fail: func(fakeaws.Request) *fakeaws.Failure {
			time.Sleep(secretLatency)
			return nil
		},
	})
	defer aws.Close()
	const with, without = "with 3 secrets", "without"
	plain, cold := b.ours, b.ours
	plain.name, cold.name = without, with
	cold.env = append(slices.Clone(cold.env),
		"ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS=a=${"+secretARN+"one-AbCdEf},b=${"+secretARN+"two-AbCdEf},c=${"+parameterARN+"}",
		"AWS_ENDPOINT_URL="+aws.URL, "AWS_ACCESS_KEY_ID="+fakeaws.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+fakeaws.SecretAccessKey, "AWS_SESSION_TOKEN="+fakeaws.SessionToken)
	t := table{
		About: fmt.Sprintf("Three secrets in two services, at an endpoint that answers after %s, without TLS; %d rounds. "+
			"Targets: ready within 110 ms of a start without secrets, and register not delayed (10 %% for the noise).", secretLatency, b.rounds(15)),
		Columns: []string{with, without},
	}
	requests := len(aws.Requests())
	err := b.interleave([]subject{cold, plain}, b.rounds(15), nil, func(name string, s startUp) {
		t.row("exec to register, ms", noTarget).add(name, ms(s.register))
		t.row("exec to ready, ms", noTarget).add(name, ms(s.next))
	})
	if err != nil {
		return table{}, err
	}
	if requests = len(aws.Requests()) - requests; requests != 2*b.rounds(15) {
		return table{}, fmt.Errorf("cold secrets: %d requests in %d starts, where 2 a start are expected", requests, b.rounds(15))
	}
	t.Rows[0].Target = 1.1 * t.Rows[0].Cells[without].median()
	t.Rows[1].Target = 110 + t.Rows[1].Cells[without].median()
	return t, nil
}
