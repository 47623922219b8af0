//! The store of a limit that several processes share.

use std::{error::Error, fmt, fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{PermitOutcome, Priority};

/// The error of a [`RateLimitStore`]. Its text names the store and says what to do; it holds no secret.
pub type StoreError = Box<dyn Error + Send + Sync>;

/// The store of a [`SharedRateLimiter`](super::SharedRateLimiter): it counts the permits of all processes
/// that use one key.
///
/// `carrot-hyper` has a store over Redis, behind its feature `redis`. Each method is one atomic step.
/// The store measures time with its own clock, so the clocks of the processes are never compared; only
/// durations are exchanged.
///
/// The limiter asks one question at a time and stops waiting for a response after a moment; see
/// [`SharedRateLimiter::store_timeout`](super::SharedRateLimiter::store_timeout). A store that cannot
/// respond returns an error at once instead of trying again for long.
///
/// New methods of this trait will have a default implementation.
#[async_trait]
pub trait RateLimitStore: Debug + Send + Sync + 'static {
    /// Asks for a permit. [`MemoryStore`](super::MemoryStore) shows the rules.
    ///
    /// # Errors
    ///
    /// The store did not respond. The permit may have been granted all the same; the limiter returns it
    /// with [`completed`](Self::completed).
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError>;

    /// Records permits that a process has granted to itself, or that the store has forgotten. A permit
    /// that is known already ends at the later of both ends.
    ///
    /// # Errors
    ///
    /// The store did not respond.
    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError>;

    /// Records the end of a request. Must not block: a store over a network sends it in the background.
    /// If that fails, the permit ends with its lease.
    fn completed(&self, permit: &CompletedPermit);
}

#[async_trait]
impl<S: RateLimitStore + ?Sized> RateLimitStore for Arc<S> {
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError> {
        (**self).take(request).await
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError> {
        (**self).restore(request).await
    }

    fn completed(&self, permit: &CompletedPermit) {
        (**self).completed(permit);
    }
}

/// The limit of a key, the same for all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedLimit {
    /// The number of requests in a window.
    pub max: u32,
    /// The length of the window.
    pub window: Duration,
    /// The number of requests at once when the store knows nothing yet. The rest of the limit follows
    /// evenly over the first window.
    pub burst: u32,
    /// The number of permits of the full limit that bulk calls leave to interactive calls.
    pub reserve: u32,
}

impl SharedLimit {
    /// Returns the number of permits of `limit` that bulk calls may use.
    #[must_use]
    pub fn bulk_part(&self, limit: u32) -> u32 {
        let reserve = match self.reserve {
            0 => 0,
            reserve => {
                let part = u64::from(reserve) * u64::from(limit) / u64::from(self.max.max(1));
                u32::try_from(part).unwrap_or(limit).max(1)
            }
        };
        limit.saturating_sub(reserve).max(1)
    }
}

/// The identity of a permit in the store. Its text, `process-number` in hexadecimal, sorts and parses
/// easily.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct PermitId {
    /// The random number of the limiter that asked.
    pub process: u64,
    /// The number of the permit within its limiter.
    pub number: u64,
}

impl fmt::Display for PermitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:x}", self.process, self.number)
    }
}

/// The request of [`RateLimitStore::take`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeRequest {
    /// The identity of the permit, if it is granted.
    pub id: PermitId,
    /// The memory of the store that this process knows; `None` before the first contact. If the store
    /// has another one, it grants nothing and responds with [`Grant::Forgotten`].
    pub epoch: Option<u64>,
    /// The priority of the attempt.
    pub priority: Priority,
    /// The longest time that the permit is held. The permit ends one window after it if no end is
    /// recorded.
    pub lease: Duration,
    /// How long the attempt has waited. Among processes that wait, the longest wait goes first.
    pub waited: Duration,
    /// The number of attempts of this process that wait, this one included; never more than the limit.
    pub waiting: u32,
    /// While the store rebuilds its memory, a process takes permits within its share, which the store
    /// only records.
    pub is_share: bool,
    /// The limit of the key.
    pub limit: SharedLimit,
}

/// The response of [`RateLimitStore::take`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeResponse {
    /// The state of the store.
    pub state: StoreState,
    /// Whether the permit is granted.
    pub grant: Grant,
}

impl TakeResponse {
    /// Creates a response.
    #[must_use]
    pub const fn new(state: StoreState, grant: Grant) -> Self {
        Self { state, grant }
    }
}

/// Whether the store granted a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// The permit is granted.
    Granted,
    /// No permit is free. Holds lower bounds of the times until the next permits are free, soonest
    /// first, one for each waiting attempt as far as the store knows them. The process asks again at the
    /// first, or after a second.
    Wait(Vec<Duration>),
    /// The store has lost its memory since the last contact: the process has to restore its own permits.
    Forgotten,
}

/// The state of the store, part of every response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreState {
    /// A number that is another one each time that the store starts without memory.
    pub epoch: u64,
    /// The number of processes that asked within the last two windows.
    pub members: u32,
    /// The store lost its memory less than one window ago, and processes have restored permits since.
    pub is_rebuilding: bool,
    /// The number of requests allowed in a window now.
    pub limit: u32,
    /// The number of permits in use.
    pub used: u32,
    /// The rest of the pause after a 429.
    pub paused_for: Option<Duration>,
}

impl StoreState {
    /// Creates the state of a store with one member, an unused limit and no pause.
    #[must_use]
    pub const fn new(epoch: u64, limit: u32) -> Self {
        Self {
            epoch,
            members: 1,
            is_rebuilding: false,
            limit,
            used: 0,
            paused_for: None,
        }
    }
}

/// The request of [`RateLimitStore::restore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreRequest {
    /// The random number of the limiter that asks.
    pub process: u64,
    /// The memory of the store that this process knows; `None` before the first contact.
    pub epoch: Option<u64>,
    /// The permits of this process that are in use.
    pub permits: Vec<RestoredPermit>,
    /// The limit of the key.
    pub limit: SharedLimit,
}

/// A permit in use, part of a [`RestoreRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoredPermit {
    /// The identity of the permit.
    pub id: PermitId,
    /// The priority of the attempt.
    pub priority: Priority,
    /// The time until the permit is free.
    pub ends_in: Duration,
}

/// The end of a request, for [`RateLimitStore::completed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletedPermit {
    /// The identity of the permit.
    pub id: PermitId,
    /// The priority of the attempt.
    pub priority: Priority,
    /// How the request ended.
    pub outcome: PermitOutcome,
    /// How long the permit was held.
    pub held: Duration,
    /// The limit of the key.
    pub limit: SharedLimit,
}

/// Constructors, to test a store.
impl SharedLimit {
    /// Creates a limit that starts in full and reserves nothing.
    #[must_use]
    pub const fn new(max: u32, window: Duration) -> Self {
        Self {
            max,
            window,
            burst: max,
            reserve: 0,
        }
    }
}

impl PermitId {
    /// Creates an identity.
    #[must_use]
    pub const fn new(process: u64, number: u64) -> Self {
        Self { process, number }
    }
}

impl TakeRequest {
    /// Creates the request for a first contact: one interactive attempt with a lease of a window.
    #[must_use]
    pub const fn new(id: PermitId, limit: SharedLimit) -> Self {
        Self {
            id,
            epoch: None,
            priority: Priority::Interactive,
            lease: limit.window,
            waited: Duration::ZERO,
            waiting: 1,
            is_share: false,
            limit,
        }
    }
}

impl RestoreRequest {
    /// Creates the request of a process without contact to the store before.
    #[must_use]
    pub const fn new(process: u64, permits: Vec<RestoredPermit>, limit: SharedLimit) -> Self {
        Self {
            process,
            epoch: None,
            permits,
            limit,
        }
    }
}

impl RestoredPermit {
    /// Creates the record of a permit in use.
    #[must_use]
    pub const fn new(id: PermitId, priority: Priority, ends_in: Duration) -> Self {
        Self {
            id,
            priority,
            ends_in,
        }
    }
}

impl CompletedPermit {
    /// Creates the end of an interactive request that took no time.
    #[must_use]
    pub const fn new(id: PermitId, outcome: PermitOutcome, limit: SharedLimit) -> Self {
        Self {
            id,
            priority: Priority::Interactive,
            outcome,
            held: Duration::ZERO,
            limit,
        }
    }
}
