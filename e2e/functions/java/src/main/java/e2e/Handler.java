// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package e2e;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.trace.Span;
import java.util.Map;

/** A function on the Java runtime client. Events: see the package e2e. */
public final class Handler implements RequestHandler<Map<String, String>, String> {
  private final LongCounter invocations = GlobalOpenTelemetry.getMeter("e2e").counterBuilder("e2e.invocations").build();

  @Override
  public String handleRequest(Map<String, String> event, Context context) {
    Span span = GlobalOpenTelemetry.getTracer("e2e").spanBuilder("work").startSpan();
    context.getLogger().log(event.get("line"));
    span.end();
    invocations.add(1);
    switch (event.get("do")) {
      case "error" -> throw new IllegalStateException("boom");
      case "hang" -> hang();
      default -> { }
    }
    return "answered";
  }

  private static void hang() {
    try {
      Thread.sleep(900_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
