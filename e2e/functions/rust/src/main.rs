// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//! A function on the Rust runtime client with its OpenTelemetry layer. Events: see the package e2e.

use lambda_runtime::layers::{OpenTelemetryFaasTrigger, OpenTelemetryLayer};
use lambda_runtime::streaming::{channel, Body, Response};
use lambda_runtime::{service_fn, Error, LambdaEvent, Runtime};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::{metrics::SdkMeterProvider, trace::SdkTracerProvider};
use serde_json::Value;
use tracing::{info, info_span};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

async fn handle(event: LambdaEvent<Value>) -> Result<Response<Body>, Error> {
    let wanted = event.payload["do"].as_str().unwrap_or_default().to_owned();
    let line = event.payload["line"].as_str().unwrap_or_default().to_owned();
    info_span!("work").in_scope(|| info!("{line}"));
    global::meter("e2e").u64_counter("e2e.invocations").build().add(1, &[]);
    match wanted.as_str() {
        "error" => Err("boom".into()),
        "hang" => std::future::pending().await,
        _ => {
            let (mut sender, response) = channel();
            tokio::spawn(async move {
                for part in ["\"st", "reamed\""] {
                    sender.send_data(part.into()).await?;
                }
                Ok::<(), Error>(())
            });
            Ok(Response::from(response))
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Error> {
    // OTEL_EXPORTER_OTLP_ENDPOINT says where to.
    let spans = SdkTracerProvider::builder()
        .with_batch_exporter(SpanExporter::builder().with_http().build()?)
        .build();
    let metrics = SdkMeterProvider::builder()
        .with_periodic_exporter(MetricExporter::builder().with_http().build()?)
        .build();
    global::set_meter_provider(metrics.clone());
    tracing_subscriber::registry()
        .with(tracing_subscriber::filter::LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(spans.tracer("e2e")))
        .with(tracing_subscriber::fmt::layer().json())
        .init();
    let flush = move || {
        let _ = spans.force_flush();
        let _ = metrics.force_flush();
    };
    Runtime::new(service_fn(handle))
        .layer(OpenTelemetryLayer::new(flush).with_trigger(OpenTelemetryFaasTrigger::Other))
        .run()
        .await
}
