//! The one place where the client meets its rate limiter.

use crate::{Endpoint, Error, RateLimiter};
use std::time::Duration;

/// A permit for one attempt, returned in its drop: a call may be dropped at any wait.
pub(super) struct Permit<'a> {
    limiter: &'a dyn RateLimiter,
}

impl<'a> Permit<'a> {
    pub(super) async fn acquire<E: Endpoint>(
        limiter: &'a dyn RateLimiter,
        attempts_before: u32,
    ) -> Result<Self, Error> {
        let acquired = limiter.acquire().await;
        acquired.map_err(|error| Error::rate_limiter::<E>(attempts_before, error))?;
        Ok(Self { limiter })
    }

    /// Ends the attempt whose request was throttled with 429.
    pub(super) fn throttled(self, retry_after: Option<Duration>) {
        self.limiter.throttled(retry_after);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.release();
    }
}
