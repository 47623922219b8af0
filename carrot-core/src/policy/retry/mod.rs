//! Retries of failed attempts.
//!
//! Three rules decide whether an attempt *may* be retried, and no policy can change them. A request that
//! was certainly not sent may be retried. A request that may have reached the server may be retried
//! only if the operation is idempotent; see [`Endpoint::IDEMPOTENT`](crate::Endpoint::IDEMPOTENT). A
//! request that got status 429 may be retried after a pause. The policy decides how often an attempt is
//! retried and how long the pauses are.
//!
//! The table shows how many attempts a call makes if every attempt fails in the same way, with the
//! default policy. Failures of different kinds count apart: a connection that could not be made uses up
//! none of the attempts that may time out.
//!
#![doc = include_str!("../../../docs/retry.md")]
//!
//! The client and its clones share a retry budget for transient failures: fifty retries at first, then one
//! for every ten calls that succeed. Retries after a 429 and retries during an outage (no connection, none in
//! time, one that was closed, a response that ended early, or a status such as 503) do not use the budget, since their pauses are
//! long. With the defaults, an outage of 5 seconds fails no call that is idempotent or was never sent.
//!
//! A call is retried only if the pause leaves the time of a slow response before its deadline. Otherwise the
//! call ends at once with the error of its last attempt, and
//! [`Error::retry_after`](crate::Error::retry_after) returns how long the service asks to wait. The jobs
//! `pages`, `items` and `call_all` have no deadline, so they wait: up to twelve attempts with status 429
//! span at least a minute, so that a full window of the rate limit fails no item.
//!
//! # After an uncertain write
//!
//! If [`Error::may_have_been_applied`](crate::Error::may_have_been_applied) is true, the service may have
//! applied the write although the call failed. Check before you repeat a write that is not idempotent.
//! Wait some seconds first, since the request may still be in flight.
//!
//! | operation | how to check |
//! |---|---|
//! | [`Reply`](crate::conversations::Reply) | set a [`random_id`](crate::conversations::Reply::random_id), and call [`Client::reconcile_reply`](crate::Client::reconcile_reply) |
//! | [`SetProps`](crate::users::SetProps) that adds or appends | read the user with [`users::Get`](crate::users::Get), and compare with what you read before the write |
//! | [`TrackEvent`](crate::users::TrackEvent) | set a unique property on the event, and call [`Client::reconcile_event`](crate::Client::reconcile_event) |
//! | [`StartConversation`](crate::users::StartConversation), [`SendMessage`](crate::users::SendMessage) | search for the text in the newest [`users::Conversations`](crate::users::Conversations) of the user and their [`Parts`](crate::conversations::Parts) |
//! | [`Import`](crate::users::Import) | read one of its users with [`users::Get`](crate::users::Get); the admin panel shows when the service has processed a file |
//!
//! ```
//! # async fn some_seconds() {}
//! # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use carrot_core::{
//!     endpoint::UserField,
//!     types::{PropertyOperation, User, UserRef},
//!     users,
//! };
//!
//! let orders = |user: &User| user.props_custom.get("orders").cloned();
//! let read = users::Get::new(UserRef::external("order-42")).include(UserField::PropsCustom);
//! let before = orders(&client.call(&read).await?);
//!
//! let write = users::SetProps::new(UserRef::external("order-42"))
//!     .with(PropertyOperation::add("orders", 1)?);
//! match client.call(&write).await {
//!     Err(error) if error.may_have_been_applied() => {
//!         some_seconds().await; // sleep with your runtime
//!         if orders(&client.call(&read).await?) == before {
//!             client.call(&write).await?;
//!         }
//!     }
//!     other => drop(other?),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Every operation
//!
//! The same table for each operation, measured with all its options in both versions of the API. `0 of 3`
//! means that the client made three attempts, of which the server may have seen none. `?` means that the
//! service may have applied one of them:
//! [`Error::may_have_been_applied`](crate::Error::may_have_been_applied) is true.
//!
#![doc = include_str!("../../../docs/retry_operations.md")]

mod after;
mod budget;
mod policy;

use std::{fmt::Debug, sync::Arc, time::Duration};

pub use self::policy::ExponentialBackoff;
pub(crate) use self::{
    after::{MAX_RETRY_AFTER, retry_after},
    budget::RetryBudget,
};

/// The kind of a failure that may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// No response in time, status 408, or a status of 500 and above that is not
    /// [`Unavailable`](Self::Unavailable).
    Transient,
    /// An outage, such as a restart of the service: no connection, one that was closed before the
    /// response was complete, or status 502, 503, 504, 520 to 524 or 529.
    Unavailable,
    /// Too many requests: status 429.
    Throttled,
}

/// A failed attempt that may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// The name of the operation.
    pub operation: &'static str,
    /// The number of the attempt within its call, from 1.
    pub attempt: u32,
    /// The number of attempts of the call that failed in this way, this one included.
    pub of_kind: u32,
    /// Whether the call has a deadline. The calls of `pages`, `items` and `call_all` have none.
    pub has_deadline: bool,
    /// The kind of the failure.
    pub kind: FailureKind,
    /// How long the service asks to wait: its header `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl FailedAttempt {
    /// Creates a first attempt without a `Retry-After`.
    #[must_use]
    pub fn new(operation: &'static str, kind: FailureKind) -> Self {
        Self {
            operation,
            attempt: 1,
            of_kind: 1,
            has_deadline: true,
            kind,
            retry_after: None,
        }
    }
}

/// Decides whether and when a failed attempt is retried.
///
/// Called only for attempts that may be retried; see [`retry`](crate::retry). [`ExponentialBackoff`] is
/// the default policy of a client.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::{
///     RetryPolicy,
///     retry::{FailedAttempt, FailureKind},
/// };
///
/// /// Five attempts with pauses of 1, 2, 3 and 4 seconds, or what the service asks for.
/// #[derive(Debug)]
/// struct Patient;
///
/// impl RetryPolicy for Patient {
///     fn pause(&self, failed: &FailedAttempt) -> Option<Duration> {
///         let pause = Duration::from_secs(failed.attempt.into());
///         (failed.attempt < 5).then_some(match failed.kind {
///             FailureKind::Throttled => pause.max(failed.retry_after.unwrap_or_default()),
///             _ => pause,
///         })
///     }
/// }
///
/// let failed = FailedAttempt::new("users.get", FailureKind::Transient);
/// assert_eq!(Patient.pause(&failed), Some(Duration::from_secs(1)));
/// ```
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait RetryPolicy: Debug + Send + Sync + 'static {
    /// Returns the pause before the next attempt, or `None` to fail the call.
    ///
    /// The client asks only where the rules above allow a retry, and waits no longer than its deadline, so a
    /// policy cannot send a message twice. It must not block or panic, and clones of a client ask from several
    /// threads at once.
    ///
    /// Return `None` after some attempts: the calls of `pages`, `items` and `call_all` have no deadline,
    /// so without a maximum they could be retried forever.
    fn pause(&self, failed: &FailedAttempt) -> Option<Duration>;
}

impl<R: RetryPolicy + ?Sized> RetryPolicy for Arc<R> {
    fn pause(&self, failed: &FailedAttempt) -> Option<Duration> {
        (**self).pause(failed)
    }
}
