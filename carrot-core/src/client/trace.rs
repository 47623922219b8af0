//! A span for every call and one for every attempt, with the feature `tracing`; nothing without it.
//!
//! A span holds what the report to an observer does: the name of the operation, numbers, statuses and
//! durations. It never holds an address, a parameter, a body or the token. An attempt that is cut off,
//! by the deadline of its call or because the call was dropped, has no status and no failure: its call
//! has, or nobody waits for it.

use std::future::Future;

use super::{AttemptReport, CallReport, attempt::Attempted};
use crate::Error;

#[cfg(feature = "tracing")]
pub(super) async fn call<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, Error>>,
    report: impl FnOnce(&Result<T, Error>) -> CallReport,
) -> Result<T, Error> {
    use tracing::{Instrument, field::Empty};

    let span = tracing::info_span!(
        "carrot.call",
        operation,
        attempts = Empty,
        status = Empty,
        failure = Empty,
    );
    let result = work.instrument(span.clone()).await;
    let report = report(&result);
    span.record("attempts", report.attempts);
    span.record("status", report.status);
    if let Some(failure) = report.failure {
        span.record("failure", tracing::field::debug(failure));
    }
    result
}

#[cfg(feature = "tracing")]
pub(super) async fn attempt<T>(
    begun: &AttemptReport,
    work: impl Future<Output = Attempted<T>>,
) -> Attempted<T> {
    use std::time::Duration;

    use tracing::{Instrument, field::Empty};

    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let span = tracing::info_span!(
        "carrot.attempt",
        operation = begun.operation,
        attempt = begun.attempt,
        pause_ms = millis(begun.pause),
        waited_ms = millis(begun.waited),
        status = Empty,
        failure = Empty,
    );
    let attempted = work.instrument(span.clone()).await;
    span.record("status", attempted.status);
    if let Err(failed) = &attempted.result {
        span.record("failure", tracing::field::debug(failed.error.kind()));
    }
    attempted
}

#[cfg(not(feature = "tracing"))]
pub(super) async fn call<T>(
    _operation: &'static str,
    work: impl Future<Output = Result<T, Error>>,
    _report: impl FnOnce(&Result<T, Error>) -> CallReport,
) -> Result<T, Error> {
    work.await
}

#[cfg(not(feature = "tracing"))]
pub(super) async fn attempt<T>(
    _begun: &AttemptReport,
    work: impl Future<Output = Attempted<T>>,
) -> Attempted<T> {
    work.await
}
