// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// A function on the Node.js runtime client. Events: see the package e2e.

const { trace, metrics } = require('@opentelemetry/api');

const invocations = metrics.getMeter('e2e').createCounter('e2e.invocations');

async function work(event) {
  trace.getTracer('e2e').startActiveSpan('work', (span) => {
    console.log(event.line);
    span.end();
  });
  invocations.add(1);
  if (event.do === 'error') throw new Error('boom');
  if (event.do === 'hang') await new Promise((resolve) => setTimeout(resolve, 900_000));
}

exports.handler = async (event) => {
  await work(event);
  return 'answered';
};

exports.stream = awslambda.streamifyResponse(async (event, response) => {
  await work(event);
  response.write('"st');
  response.end('reamed"');
});
