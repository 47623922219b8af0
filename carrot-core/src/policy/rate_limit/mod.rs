//! The rate limit of a client.
//!
//! The service allows 60 requests a minute for each key, and blocks a key that exceeds this repeatedly.
//! So every attempt of a client acquires a [`Permit`] first. All clones of a client share one limiter.
//! Source: <https://developers.carrotquest.io/webapi/limits>
//!
//! [`LocalRateLimiter`] counts within one process and is the default. [`SharedRateLimiter`] counts for all
//! processes with one key, over a [`RateLimitStore`]. [`NoRateLimit`] is for services without a limit.

mod acquire;
mod link;
mod local;
mod memory_store;
mod outage;
mod permit;
mod share;
mod shared;
mod state;
mod store;
mod throttle;
mod ticket;

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

pub(crate) use self::acquire::rounded;
pub use self::{
    acquire::{AcquireError, AcquireRequest, Priority},
    local::LocalRateLimiter,
    memory_store::MemoryStore,
    outage::Outage,
    permit::{Permit, PermitKeeper, PermitOutcome},
    shared::SharedRateLimiter,
    store::{
        CompletedPermit, Grant, PermitId, RateLimitStore, RestoreRequest, RestoredPermit,
        SharedLimit, StoreError, StoreState, TakeRequest, TakeResponse,
    },
    throttle::Start,
};

/// Decides when an attempt may start. Use one for each key; all clones of a client share it.
///
/// Implement it to share a limit between processes.
///
/// What a limiter owes: in no window does it grant more permits than the limit, over all callers that share
/// it. A cancelled wait loses no permit. A permit whose request was not sent is free again, and one that is
/// dropped stays taken for a window; [`PermitKeeper::completed`] reports which. A wait that cannot end within
/// [`AcquireRequest::patience`] fails at once instead of waiting in vain. If it does not know, for instance
/// because its store failed, it fails rather than grants.
///
/// The client takes one permit for each attempt, retries included, and makes no request after an error.
/// `carrot_testing::conformance` checks a limiter of your own.
///
/// New methods of this trait always have a default, so an implementation stays valid.
#[async_trait]
pub trait RateLimiter: Debug + Send + Sync + 'static {
    /// Waits for a permit to make one request. Dropping the future cancels the wait and returns a
    /// permit that was granted to it.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TooLate`] as soon as the limiter knows that no permit is free within
    /// [`AcquireRequest::patience`]; [`AcquireError::QueueFull`] if too many attempts wait;
    /// [`AcquireError::Store`] if the shared store failed. The caller must not make the request then.
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError>;

    /// Returns the current state of the limit, or `None` if the limiter does not know it. `None` by
    /// default.
    fn status(&self) -> Option<RateLimitStatus> {
        None
    }
}

/// The state of a rate limit at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// The number of requests allowed in a window now: less than the configured limit at the start of
    /// a process and after a 429.
    pub limit: u32,
    /// The length of the window.
    pub window: Duration,
    /// The number of permits in use.
    pub used: u32,
    /// The number of attempts that wait for a permit.
    pub waiting: usize,
    /// The rest of the pause after a 429, in which no request starts. `None` without such a pause.
    pub paused_for: Option<Duration>,
}

#[async_trait]
impl<R: RateLimiter + ?Sized> RateLimiter for Arc<R> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError> {
        (**self).acquire(request).await
    }

    fn status(&self) -> Option<RateLimitStatus> {
        (**self).status()
    }
}

/// A rate limiter without a limit, for your own service or a sandbox.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoRateLimit {}

impl NoRateLimit {
    /// Creates a limiter that never waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl RateLimiter for NoRateLimit {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        Ok(Permit::unlimited())
    }
}
