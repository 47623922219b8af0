//! A span for every call and one for every attempt, with the feature `tracing`; nothing without it.
//!
//! A span holds the name of the operation, numbers and statuses. It never holds an address, a
//! parameter, a body or the token.

use std::{future::Future, time::Duration};

use super::attempt::Failed;
use crate::Error;

#[cfg(feature = "tracing")]
pub(super) async fn call<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    use tracing::{Instrument, field::Empty};

    let span = tracing::info_span!("carrot.call", operation, failure = Empty);
    let result = work.instrument(span.clone()).await;
    if let Err(error) = &result {
        span.record("failure", tracing::field::debug(error.kind()));
    }
    result
}

#[cfg(feature = "tracing")]
pub(super) async fn attempt<T>(
    number: u32,
    waited: Duration,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    use tracing::{Instrument, field::Empty};

    let span = tracing::info_span!(
        "carrot.attempt",
        attempt = number,
        waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        status = Empty,
        failure = Empty,
    );
    let result = work.instrument(span.clone()).await;
    if let Err(failed) = &result {
        span.record("failure", tracing::field::debug(failed.error.kind()));
        span.record("status", failed.error.status());
    }
    result
}

#[cfg(not(feature = "tracing"))]
pub(super) async fn call<T>(
    _operation: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    work.await
}

#[cfg(not(feature = "tracing"))]
pub(super) async fn attempt<T>(
    _number: u32,
    _waited: Duration,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    work.await
}
