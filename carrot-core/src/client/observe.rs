//! Reports of calls and attempts, for metrics.
//!
//! An observer receives names, numbers and durations. It never receives a URL, a parameter, a body or the
//! token, so no personal data can reach a metric.

use std::{fmt::Debug, time::Duration};

use super::RealtimeReport;
use crate::{Error, ErrorKind};

/// How a call or an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// It failed with an error of this kind.
    Failed(ErrorKind),
    /// It was cancelled: the call was dropped, or its deadline passed during the attempt. The service may
    /// have received the request of the attempt.
    Cancelled,
}

impl Outcome {
    pub(super) fn of(error: Option<&Error>) -> Self {
        error.map_or(Self::Done, |error| Self::Failed(error.kind()))
    }
}

/// The report of a finished or cancelled attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptReport {
    /// The name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// The number of the attempt within its call, from 1.
    pub attempt: u32,
    /// The pause of the retry policy before the attempt; zero for the first.
    pub pause: Duration,
    /// The wait for the rate limit after the pause.
    pub waited: Duration,
    /// The duration of the attempt after these waits.
    pub took: Duration,
    /// The HTTP status of the response, or the status in the envelope if only that is an error. `None`
    /// without a response.
    pub status: Option<u16>,
    /// How the attempt ended.
    pub outcome: Outcome,
}

/// The report of a finished or cancelled call, including a call that failed before it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallReport {
    /// The name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// The number of attempts.
    pub attempts: u32,
    /// The duration of the call with all waits.
    pub took: Duration,
    /// The status of the last attempt; `None` without a response.
    pub status: Option<u16>,
    /// How the call ended.
    pub outcome: Outcome,
}

/// Receives a report of every call and attempt; see
/// [`ClientBuilder::observer`](super::ClientBuilder::observer).
///
/// Each call and each attempt is reported once, at its end. Dropping a call, a listing or a `CallAll`
/// reports the cancelled calls on the same thread, so do not hold a lock of the observer during the drop.
/// Calls that are dropped while the thread panics are not reported. Reports come from the threads that run
/// the calls, several at once, and the client waits for each method to return.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use carrot_core::client::{CallReport, Outcome, Observer};
///
/// #[derive(Debug, Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn call(&self, report: &CallReport) {
///         if let Outcome::Failed(_) = report.outcome {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Observer: Debug + Send + Sync + 'static {
    /// Called after each attempt. Must not block or panic.
    fn attempt(&self, report: &AttemptReport) {
        let _ = report;
    }

    /// Called after each call. Must not block or panic.
    fn call(&self, report: &CallReport) {
        let _ = report;
    }

    /// Something changed with a listener of the realtime service. Must not block or panic.
    fn realtime(&self, report: &RealtimeReport) {
        let _ = report;
    }
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn attempt(&self, report: &AttemptReport) {
        (**self).attempt(report);
    }

    fn call(&self, report: &CallReport) {
        (**self).call(report);
    }

    fn realtime(&self, report: &RealtimeReport) {
        (**self).realtime(report);
    }
}

impl AttemptReport {
    /// Creates the report of a first attempt, cancelled at once. Set its fields for a test of an observer.
    #[must_use]
    pub fn new(operation: &'static str) -> Self {
        Self {
            operation,
            attempt: 1,
            pause: Duration::ZERO,
            waited: Duration::ZERO,
            took: Duration::ZERO,
            status: None,
            outcome: Outcome::Cancelled,
        }
    }
}

impl CallReport {
    /// Creates the report of a call cancelled before its first attempt. Set its fields for a test of an
    /// observer.
    #[must_use]
    pub fn new(operation: &'static str) -> Self {
        Self {
            operation,
            attempts: 0,
            took: Duration::ZERO,
            status: None,
            outcome: Outcome::Cancelled,
        }
    }
}
