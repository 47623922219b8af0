use std::{fmt, sync::Arc, time::Duration};

/// The permission to make one request, returned by
/// [`RateLimiter::acquire`](super::RateLimiter::acquire).
///
/// Report the end of the request with [`complete`](Self::complete). Dropping a permit reports
/// [`PermitOutcome::Unknown`]: the service may still read the request, so the permit stays in use for
/// a whole window.
#[must_use = "dropping a permit counts as a request that may have been sent"]
pub struct Permit {
    keeper: Option<Arc<dyn PermitKeeper>>,
    ticket: u64,
}

/// Receives the end of the request of a [`Permit`]. A rate limiter implements it.
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait PermitKeeper: Send + Sync + 'static {
    /// Records that the request of this permit has ended. Called exactly once for each permit,
    /// possibly from a destructor and on any thread, so it must not block or panic.
    fn completed(&self, ticket: u64, outcome: PermitOutcome);
}

/// How the request of a [`Permit`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PermitOutcome {
    /// The request was not sent. The permit is free again at once.
    Unsent,
    /// The service responded, with any status but 429.
    Responded,
    /// The service responded with 429, as the HTTP status or as the status in the envelope.
    Throttled {
        /// How long the service asks to wait: its header `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The service may have read the request: after a timeout, a reset or a cancelled call.
    Unknown,
}

impl Permit {
    /// Creates a permit that reports its end to `keeper` as `ticket`.
    pub fn new(keeper: Arc<dyn PermitKeeper>, ticket: u64) -> Self {
        Self {
            keeper: Some(keeper),
            ticket,
        }
    }

    /// Creates a permit that reports nothing, for a limiter without a limit.
    pub const fn unlimited() -> Self {
        Self {
            keeper: None,
            ticket: 0,
        }
    }

    /// Reports how the request ended.
    pub fn complete(mut self, outcome: PermitOutcome) {
        self.report(outcome);
    }

    fn report(&mut self, outcome: PermitOutcome) {
        if let Some(keeper) = self.keeper.take() {
            keeper.completed(self.ticket, outcome);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.report(PermitOutcome::Unknown);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
