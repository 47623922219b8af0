use std::{fmt, sync::Arc, time::Duration};

/// The right to make one request, given by [`RateLimiter::acquire`](super::RateLimiter::acquire).
///
/// Say with [`complete`](Self::complete) how the request ended. A permit that is dropped counts as
/// [`PermitOutcome::Unknown`]: the service may still read the request, so its place stays taken for a
/// whole window.
#[must_use = "dropping a permit counts as a request that may have been sent"]
pub struct Permit {
    keeper: Option<Arc<dyn PermitKeeper>>,
    ticket: u64,
}

/// Where a [`Permit`] reports how its request ended: the limiter that gave it.
///
/// May grow by methods with a default implementation only.
pub trait PermitKeeper: Send + Sync + 'static {
    /// The request of this permit is over. Called exactly once for a permit, also in a drop on any
    /// thread: must not block or panic.
    fn completed(&self, ticket: u64, outcome: PermitOutcome);
}

/// How the request of a [`Permit`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PermitOutcome {
    /// No byte of it reached the service: the place is free again at once.
    Unsent,
    /// The service responded, with any status but 429.
    Responded,
    /// The service responded with 429, in the status of HTTP or of the envelope.
    Throttled {
        /// How long the service asks to wait, from its `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// Nobody knows whether the service read it: a timeout, a reset, a cancelled call.
    Unknown,
}

impl Permit {
    /// Creates a permit that reports to `keeper` under this number.
    pub fn new(keeper: Arc<dyn PermitKeeper>, ticket: u64) -> Self {
        Self {
            keeper: Some(keeper),
            ticket,
        }
    }

    /// Creates a permit that reports to nobody, for a limiter without a limit.
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
