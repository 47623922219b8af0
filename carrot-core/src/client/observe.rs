//! What a program may watch of its calls, for metrics.
//!
//! An observer gets names, numbers and durations. It never gets an address, a parameter, a body or
//! the token, so nothing of a person's data can reach a metric.

use std::{fmt::Debug, time::Duration};

use crate::{Error, ErrorKind};

/// How a call or an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// With the answer that was asked for.
    Done,
    /// With an error of this kind.
    Failed(ErrorKind),
    /// Without an end of its own. A call was dropped; an attempt was dropped with its call, or was
    /// still under way at the deadline of it. The service may have got the request of an attempt.
    Cancelled,
}

impl Outcome {
    pub(super) fn of(error: Option<&Error>) -> Self {
        error.map_or(Self::Done, |error| Self::Failed(error.kind()))
    }
}

/// One attempt that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptReport {
    /// The name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// Counts the attempts of one call, from 1.
    pub attempt: u32,
    /// How long it was put off after the attempt before it failed; nothing for the first.
    pub pause: Duration,
    /// How long it waited for its place in the rate limit, from then on.
    pub waited: Duration,
    /// How long it took from then on.
    pub took: Duration,
    /// The status of the answer, also of a success: that of HTTP, or of the envelope where that alone
    /// refuses. `None` when no answer came.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A call that is over, also one that was refused before anything was sent, or dropped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallReport {
    /// The name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// How many attempts it made.
    pub attempts: u32,
    /// How long it took, all waits included.
    pub took: Duration,
    /// The status of the answer to its last attempt; `None` when none came.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Watches the calls of a client; see [`ClientBuilder::observer`](super::ClientBuilder::observer).
///
/// Every call and every attempt that begins is told of once, when it is over. One that is dropped is told
/// of in that drop, on its thread and under whatever locks the program holds there: hold no lock of the
/// observer while you drop a call, a listing or bulk work. Of those that are dropped while their thread
/// panics nothing is told.
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
    /// An attempt is over. Must not block or panic.
    fn attempt(&self, report: &AttemptReport) {
        let _ = report;
    }

    /// A call is over. Must not block or panic.
    fn call(&self, report: &CallReport) {
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
}

impl AttemptReport {
    /// The first attempt of an operation, cut off at once. Set the fields to make another, as for a test
    /// of an observer.
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
    /// A call of an operation, cut off before its first attempt. Set the fields to make another, as for
    /// a test of an observer.
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
