// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Starts the OpenTelemetry SDK as its variables say. This is what @opentelemetry/auto-instrumentations-node/register does,
// and the last line: the SDK gives the instrumentations a tracer provider that is not there yet, of which the one for
// Lambda takes how to flush. Without it spans leave with a later invocation.

const { NodeSDK } = require('@opentelemetry/sdk-node');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
const { trace } = require('@opentelemetry/api');

const instrumentations = getNodeAutoInstrumentations();
new NodeSDK({ instrumentations }).start();
instrumentations.forEach((instrumentation) => instrumentation.setTracerProvider(trace.getTracerProvider()));
