//! When a failed attempt is made again.
//!
//! Whether it *may* be made again is not a matter of policy. A request that was surely not sent may
//! be; one that may have reached the server only where the operation is idempotent (see
//! [`Endpoint::IDEMPOTENT`](crate::Endpoint::IDEMPOTENT)); one that was refused with status 429 after a
//! pause. The policy decides how often, and how long to wait.
//!
//! How often the transport sees a request that fails the same way every time, with the policy that
//! clients have by default:
//!
#![doc = include_str!("../../../docs/retry.md")]
//!
//! A retry of a transient failure is made only while the shared budget of the client and its clones
//! lasts: ten in advance, then one for every ten calls that succeed. A retry after 429 costs none of it,
//! nor does one during an outage (no connection, or status 502, 503 or 504): their pauses are long. With
//! the defaults a service that is away for 5 seconds fails no call that is idempotent or was never sent.
//!
//! A retry is made only where its pause ends before the deadline of the call; otherwise the call ends at
//! once with the error of its last attempt, and [`Error::retry_after`](crate::Error::retry_after) says how
//! long the service asks to wait. The jobs, `pages`, `items` and `call_all`, have no deadline: they wait
//! for it.
//!
//! # After an uncertain write
//!
//! Where [`Error::may_have_been_applied`](crate::Error::may_have_been_applied) is true, the service may
//! have done what was asked although no answer says so. Find out before you repeat a write that is not
//! idempotent. Give the request some seconds first: it may still be on its way.
//!
//! | what was asked | how to find out |
//! |---|---|
//! | [`Reply`](crate::conversations::Reply) | give it a [`random_id`](crate::conversations::Reply::random_id), and ask [`Client::reconcile_reply`](crate::Client::reconcile_reply) |
//! | [`SetProps`](crate::users::SetProps) that adds or appends | read the user with [`users::Get`](crate::users::Get), and compare with what you read before the write |
//! | [`TrackEvent`](crate::users::TrackEvent) | put a number of your own into the properties of the event, and ask [`Client::reconcile_event`](crate::Client::reconcile_event) |
//! | [`StartConversation`](crate::users::StartConversation), [`SendMessage`](crate::users::SendMessage) | look for the text in the newest [`users::Conversations`](crate::users::Conversations) of the user, and in their [`Parts`](crate::conversations::Parts) |
//! | [`Import`](crate::users::Import) | read one of its users with [`users::Get`](crate::users::Get); the panel tells when the service is done with a file |
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
//! The same for each operation by itself, with all its options, in both versions of the API. A cell
//! such as `0 of 3` says how many attempts the server may have seen, of how many the client made; a
//! `?` that the service may have acted on one, as
//! [`Error::may_have_been_applied`](crate::Error::may_have_been_applied) tells.
//!
#![doc = include_str!("../../../docs/retry_operations.md")]

mod after;
mod budget;
mod policy;

use std::{fmt::Debug, sync::Arc, time::Duration};

pub use self::policy::ExponentialBackoff;
pub(crate) use self::{after::retry_after, budget::RetryBudget};

/// Why an attempt that may be repeated failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// No response came, or status 408, or a status of 500 and above that is not one of
    /// [`Unavailable`](Self::Unavailable).
    Transient,
    /// The service is away, as during a restart: no connection could be made, or status 502, 503 or 504.
    Unavailable,
    /// Too many requests: status 429.
    Throttled,
}

/// An attempt that failed and may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// The name of the operation.
    pub operation: &'static str,
    /// Counts the attempts of one call, from 1.
    pub attempt: u32,
    /// Why it failed.
    pub kind: FailureKind,
    /// How long the service asks to wait, from its `Retry-After` header.
    pub retry_after: Option<Duration>,
}

impl FailedAttempt {
    /// The first attempt of an operation, without advice of the service.
    #[must_use]
    pub fn new(operation: &'static str, kind: FailureKind) -> Self {
        Self {
            operation,
            attempt: 1,
            kind,
            retry_after: None,
        }
    }
}

/// Decides whether an attempt that may be repeated is, and when.
///
/// [`ExponentialBackoff`] is the one that clients use unless told otherwise.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::{
///     RetryPolicy,
///     retry::{FailedAttempt, FailureKind},
/// };
///
/// /// For a bad network: five attempts, a second more before each, and what the service asks for.
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
    /// The pause before the next attempt, or `None` to give up.
    ///
    /// Give up after some attempts: the calls of `pages`, `items` and `call_all` have no deadline, so one
    /// that is throttled for ever would be made for ever.
    fn pause(&self, failed: &FailedAttempt) -> Option<Duration>;
}

impl<R: RetryPolicy + ?Sized> RetryPolicy for Arc<R> {
    fn pause(&self, failed: &FailedAttempt) -> Option<Duration> {
        (**self).pause(failed)
    }
}
