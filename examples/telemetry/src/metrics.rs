//! The metrics of calls: how many, how they ended, how long they took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use carrot_hyper::client::{CallReport, Observer, Outcome};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, MeterProvider},
};

/// An observer that counts calls.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Target);

#[derive(Clone, Debug)]
enum Target {
    Console(Arc<Mutex<BTreeMap<(&'static str, &'static str), Row>>>),
    OpenTelemetry {
        calls: Counter<u64>,
        attempts: Counter<u64>,
        took: Histogram<f64>,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    calls: u64,
    attempts: u64,
}

impl Metrics {
    /// Kept until [`lines`](Self::lines).
    pub(crate) fn on_console() -> Self {
        Self(Target::Console(Arc::default()))
    }

    /// Recorded by the instruments of OpenTelemetry.
    pub(crate) fn through(provider: &impl MeterProvider) -> Self {
        let meter = provider.meter("carrot");
        Self(Target::OpenTelemetry {
            calls: meter.u64_counter("carrot.calls").build(),
            attempts: meter.u64_counter("carrot.attempts").build(),
            took: meter
                .f64_histogram("carrot.call.duration")
                .with_unit("s")
                .build(),
        })
    }

    /// The metrics as a table.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Target::Console(rows) = &self.0 else {
            return Vec::new();
        };
        let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = vec![format!(
            "{:<24}{:<12}{:>6}{:>10}",
            "operation", "outcome", "calls", "attempts"
        )];
        lines.extend(rows.iter().map(|((operation, outcome), row)| {
            let (calls, attempts) = (row.calls, row.attempts);
            format!("{operation:<24}{outcome:<12}{calls:>6}{attempts:>10}")
        }));
        lines
    }
}

impl Observer for Metrics {
    fn call(&self, report: &CallReport) {
        let outcome = match report.outcome {
            Outcome::Done => "done",
            Outcome::Failed(kind) => kind.as_str(),
            _ => "cancelled",
        };
        match &self.0 {
            Target::Console(rows) => {
                let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                let row = rows.entry((report.operation, outcome)).or_default();
                row.calls += 1;
                row.attempts += u64::from(report.attempts);
            }
            Target::OpenTelemetry {
                calls,
                attempts,
                took,
            } => {
                // Few values each, so the number of series stays small.
                let labels = [
                    KeyValue::new("operation", report.operation),
                    KeyValue::new("outcome", outcome),
                ];
                calls.add(1, &labels);
                attempts.add(u64::from(report.attempts), &labels);
                took.record(report.took.as_secs_f64(), &labels);
            }
        }
    }
}
