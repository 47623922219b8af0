//! Limits on time, and what is said when one passed.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

/// A limit that passed once a connection was asked for, and the setting that allows more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Expired {
    #[error("the attempt had {0:?} (`attempt_timeout` allows more)")]
    Attempt(Duration),
    #[error("no more of it came for {0:?} (`body_idle_timeout` allows more)")]
    IdleBody(Duration),
}

/// The moment at which a limit that begins now passes. One beyond the end of time is no limit.
pub(crate) fn from_now(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

/// `None` when the deadline passed, with the work dropped.
pub(crate) async fn until<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}
