# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

"""A function on the Python runtime client. Events: see the package e2e."""

import logging
import threading

from opentelemetry import metrics, trace

logging.getLogger().setLevel(logging.INFO)
invocations = metrics.get_meter("e2e").create_counter("e2e.invocations")


def handler(event, context):
    with trace.get_tracer("e2e").start_as_current_span("work"):
        logging.getLogger("e2e").info(event["line"])
    invocations.add(1)
    if event["do"] == "error":
        raise ValueError("boom")
    if event["do"] == "hang":
        threading.Event().wait()
    return "answered"
