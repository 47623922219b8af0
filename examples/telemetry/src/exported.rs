//! What the exporters of OpenTelemetry got, as lines.

use carrot_examples::{program::Failure, say, status_line::counted};
use opentelemetry::KeyValue;
use opentelemetry_sdk::{
    metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics},
    trace::SpanData,
};

/// How long something took: another number each time.
const TIMES: [&str; 2] = ["busy_ns", "idle_ns"];

/// Prints each span, below it the spans in it, and each metric.
pub(crate) fn print(spans: &[SpanData], metrics: &[ResourceMetrics]) -> Result<(), Failure> {
    let ids: Vec<_> = spans
        .iter()
        .map(|span| span.span_context.span_id())
        .collect();
    for root in spans
        .iter()
        .filter(|span| !ids.contains(&span.parent_span_id))
    {
        say!("span {}: {}", root.name, attributes(&root.attributes));
        let id = root.span_context.span_id();
        for inner in spans.iter().filter(|span| span.parent_span_id == id) {
            say!("  span {}: {}", inner.name, attributes(&inner.attributes));
        }
    }
    let scopes = metrics.iter().flat_map(ResourceMetrics::scope_metrics);
    for metric in scopes.flat_map(|scope| scope.metrics()) {
        let mut lines = lines(metric);
        // The SDK keeps them in a hash map.
        lines.sort_unstable();
        for line in lines {
            say!("metric {}: {line}", metric.name());
        }
    }
    Ok(())
}

fn lines(metric: &Metric) -> Vec<String> {
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
            .data_points()
            .map(|point| format!("{} = {}", attributes(point.attributes()), point.value()))
            .collect(),
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
            .data_points()
            .map(|point| {
                let values = counted(point.count(), "value");
                format!("{}, {values}", attributes(point.attributes()))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn attributes<'a>(all: impl IntoIterator<Item = &'a KeyValue>) -> String {
    let lasting = all
        .into_iter()
        .filter(|one| !TIMES.contains(&one.key.as_str()));
    let mut texts: Vec<_> = lasting
        .map(|one| format!("{}={}", one.key, one.value))
        .collect();
    texts.sort_unstable();
    texts.join(" ")
}
