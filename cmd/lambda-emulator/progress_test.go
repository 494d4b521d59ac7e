// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress([]event{{times: 3}, {idle: time.Minute}, {times: 1}})
		stop := p.tell(&out)
		time.Sleep(tellEvery - time.Second)
		for _, kind := range []lambdaemulator.Kind{lambdaemulator.KindInvokeStart, lambdaemulator.KindInvokeEnd} {
			p.happened(lambdaemulator.TimelineEvent{Kind: kind})
		}
		time.Sleep(2 * time.Second)
		stop()
		time.Sleep(time.Minute)
		assert.Equal(t, "lambda-emulator: 1 of 4 invocations have ended after 10s\n", out.String())
	})
}
