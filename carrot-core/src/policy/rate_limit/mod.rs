//! How many requests a key may make.
//!
//! The service allows 60 requests a minute for a key, and blocks keys that exceed it again and again.
//! So every attempt of a client acquires a [`Permit`] first. All clones of a client share one limiter.
//! Source: <https://developers.carrotquest.io/webapi/limits>
//!
//! [`LocalRateLimiter`] counts within one process and is the default; [`NoRateLimit`] is for a service
//! of your own.

mod acquire;
mod local;
mod permit;
mod state;
mod throttle;

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

pub(crate) use self::acquire::rounded;
pub use self::{
    acquire::{AcquireError, AcquireRequest, Priority},
    local::LocalRateLimiter,
    permit::{Permit, PermitKeeper, PermitOutcome},
    throttle::Start,
};

/// Decides which attempts may start, and when. One for each key; all clones of a client share it.
///
/// Implement it to take permits from elsewhere. May grow by methods with a default implementation
/// only.
#[async_trait]
pub trait RateLimiter: Debug + Send + Sync + 'static {
    /// Waits for a permit to make one request. Dropping the future gives up the wait, and the permit
    /// with it.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TooLate`] as soon as the limiter knows that the permit cannot come within
    /// [`AcquireRequest::patience`]; [`AcquireError::QueueFull`] where too many wait;
    /// [`AcquireError::Store`] where a shared store failed. No request is made then.
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError>;

    /// The limit as it is now; `None`, the default, where the limiter cannot tell.
    fn status(&self) -> Option<RateLimitStatus> {
        None
    }
}

/// A rate limit as it is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// How many requests a window may have now: less than the configured limit at the start of a
    /// process and after a 429.
    pub limit: u32,
    /// The length of the window.
    pub window: Duration,
    /// How many permits of the window are taken.
    pub used: u32,
    /// How many attempts wait for a permit.
    pub waiting: usize,
    /// How long nothing may start, after a 429.
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

/// No limit: for a service of your own, or a sandbox.
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
