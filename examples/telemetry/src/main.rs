//! Spans and metrics of the client, on the console or through OpenTelemetry.
//!
//! ```sh
//! cargo run -p telemetry
//! cargo run -p telemetry -- --opentelemetry
//! ```
//!
//! The spans come from the feature `tracing`, the metrics from an `Observer`. Neither holds a token, an id or a text.
//! The exporters keep what they get, and the program prints it; to send it to a collector, put the exporters of
//! `opentelemetry-otlp` in their place. Nothing else changes.
//!
#![doc = include_str!("../README.md")]

mod exported;
mod metrics;

use std::{io, process::ExitCode, time::Duration};

use carrot_examples::{
    changes::Watch,
    program::{self, Failure},
    say, service, shop,
};
use carrot_hyper::{
    Client,
    apps::{Channels, Leads},
    conversations::{Get, Reply},
    endpoint::Paging,
    types::ConversationId,
};
use carrot_testing::{ApiError, Sandbox, sandbox::Fault};
use clap::Parser;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{
    metrics::{InMemoryMetricExporter, SdkMeterProvider},
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::format::FmtSpan,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::metrics::Metrics;

/// Shows the spans and metrics of some calls. Only reads in the real service.
#[derive(Debug, Parser)]
struct Arguments {
    /// Exports them through the SDK of OpenTelemetry, and prints what its exporters get.
    #[arg(long)]
    opentelemetry: bool,
}

fn main() -> ExitCode {
    let next = "It only reads: run it again.";
    program::run("telemetry", next, run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before anything listens: what happened in the shop is not part of the telemetry.
    let shop = shop::shop().await?;
    let _changes = Watch::start(&shop);
    if !arguments.opentelemetry {
        let console = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_filter(of_the_client());
        tracing_subscriber::registry().with(console).try_init()?;
        let metrics = Metrics::on_console();
        calls(&shop, &metrics).await?;
        for line in metrics.lines() {
            say!("{line}");
        }
        return Ok(());
    }
    let (spans, sums) = (
        InMemorySpanExporter::default(),
        InMemoryMetricExporter::default(),
    );
    let traces = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let meters = SdkMeterProvider::builder()
        .with_periodic_exporter(sums.clone())
        .build();
    // Where the code is that made a span, and in which thread, is the same for all of them.
    let layer = tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracer(traces.tracer("carrot"))
        .with_filter(of_the_client());
    tracing_subscriber::registry().with(layer).try_init()?;
    let result = calls(&shop, &Metrics::through(&meters)).await;
    // What is not exported yet is exported now, also after a failure. A shutdown would empty these exporters.
    traces.force_flush()?;
    meters.force_flush()?;
    exported::print(&spans.get_finished_spans()?, &sums.get_finished_metrics()?)?;
    result
}

/// The spans of the client. Below it hyper, and tungstenite for realtime, log hosts and even payloads at their levels
/// `DEBUG` and `TRACE`.
fn of_the_client() -> Targets {
    Targets::new().with_target("carrot_core", LevelFilter::INFO)
}

async fn calls(shop: &Sandbox, metrics: &Metrics) -> Result<(), Failure> {
    if std::env::var_os("CARROT_TOKEN").is_some() {
        let builder = carrot_hyper::builder_from_env()?;
        let client = builder.observer(metrics.clone()).build()?;
        say!("The real service at {}; it is only read.", service::host());
        return read(&client).await;
    }
    say!(
        "No CARROT_TOKEN is set, so this is a sandbox with a made-up shop: nothing leaves this machine."
    );
    let client = shop.client_builder().observer(metrics.clone()).build()?;
    read(&client).await?;
    story(shop, &client).await
}

async fn read(client: &Client) -> Result<(), Failure> {
    client.call(Channels::new()).await?;
    let one = Leads::new().page(Paging::new().size(1));
    client.call(one).await?;
    Ok(())
}

/// A call that is repeated, one that fails, and one whose response is lost.
async fn story(shop: &Sandbox, client: &Client) -> Result<(), Failure> {
    let limit = ApiError::rate_limited(Duration::from_secs(2));
    shop::provoke(shop, Fault::error(limit).on::<Channels>());
    client.call(Channels::new()).await?;

    let nowhere = Get::new(ConversationId::new(5));
    let missing = client.call(nowhere).await;
    let first = shop.conversations().first().map(|first| first.id);
    let Some(conversation) = first else {
        return Err("the shop has no conversation".into());
    };
    shop::provoke(shop, Fault::lost_response().on::<Reply>());
    let lost = client.call(Reply::new(conversation, "On its way")).await;
    match (missing, lost) {
        (Err(_), Err(_)) => Ok(()),
        _ => Err("a call does not fail as it should".into()),
    }
}
