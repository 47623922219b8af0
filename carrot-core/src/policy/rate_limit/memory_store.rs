use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use fastrand::Rng;

use super::{
    CompletedPermit, Grant, PermitId, PermitOutcome, Priority, RateLimitStore, RestoreRequest,
    SharedLimit, Start, StoreError, StoreState, TakeRequest, TakeResponse, throttle::Throttle,
};
use crate::Clock;

/// A process that waits asks again after this time at the latest.
const ASKS_AGAIN: Duration = Duration::from_secs(1);
/// How much later than announced a process may ask and keep its turn.
const GRACE: Duration = Duration::from_millis(100);
/// How long a process waits for one that goes first.
const TURN: Duration = Duration::from_millis(20);

/// A store within one process, for tests, and as the model of the rules for a store of your own.
///
/// All clones are the same store. A test can make it fail and lose its memory.
///
/// **Rules.** The process whose attempt has waited longest goes first; a bulk call counts as if it came a
/// tenth of the window later. A permit is in use until one window after its request ended, or one window after its lease.
/// A permit that was returned unused is free at once. A bulk call gets a permit only while the reserve
/// stays free. After a 429 and at the start the limit is that of
/// [`LocalRateLimiter`](super::LocalRateLimiter). For one window after the store lost its memory, it
/// records what processes take within their shares, and grants no more than the burst to others.
pub struct MemoryStore<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    clock: C,
    store: Mutex<Store>,
}

#[derive(Debug, Default)]
struct Store {
    is_away: bool,
    epoch: u64,
    memory: Option<Memory>,
}

#[derive(Debug)]
struct Memory {
    born: Duration,
    limit: SharedLimit,
    throttle: Throttle,
    permits: BTreeMap<PermitId, Held>,
    members: BTreeMap<u64, Duration>,
    claims: BTreeMap<(u64, Priority), Claim>,
    /// A process restored permits in the first window.
    is_restored: bool,
    granted: u64,
}

/// A process that was told to wait.
#[derive(Debug)]
struct Claim {
    /// The time since which its attempt waits, for the order, in nanoseconds. Negative if it waits for
    /// longer than the clock of the store counts.
    since: i128,
    /// A process that has not asked again by then waits no longer.
    ends_at: Duration,
}

#[derive(Debug)]
struct Held {
    priority: Priority,
    /// The number of the permit for the throttle.
    ticket: u64,
    lease_end: Option<Duration>,
    end: Duration,
}

impl<C: Clock> MemoryStore<C> {
    /// Creates an empty store.
    #[must_use]
    pub fn new(clock: C) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                store: Mutex::default(),
            }),
        }
    }

    /// Loses all that the store knows, as a server that restarts without a file.
    pub fn forget(&self) {
        self.store().memory = None;
    }

    /// Sets whether the store responds. It does by default.
    pub fn set_available(&self, is_available: bool) {
        self.store().is_away = !is_available;
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.inner
            .store
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        limit: SharedLimit,
        work: impl FnOnce(&mut Memory, u64, Duration) -> T,
    ) -> Result<T, StoreError> {
        let now = self.inner.clock.now();
        let mut store = self.store();
        if store.is_away {
            return Err("the store in memory is set to be away".into());
        }
        if store.memory.is_none() {
            store.epoch += 1;
        }
        let epoch = store.epoch;
        let memory = store
            .memory
            .get_or_insert_with(|| Memory::new(limit, epoch, now));
        memory.expire(now);
        Ok(work(memory, epoch, now))
    }
}

impl<C> Clone for MemoryStore<C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

#[async_trait]
impl<C: Clock> RateLimitStore for MemoryStore<C> {
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError> {
        self.with(request.limit, |memory, epoch, now| {
            let grant = memory.take(request, epoch, now);
            TakeResponse::new(memory.state(epoch, now), grant)
        })
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError> {
        self.with(request.limit, |memory, epoch, now| {
            memory.restore(request, epoch, now);
            memory.state(epoch, now)
        })
    }

    fn completed(&self, permit: &CompletedPermit) {
        // A store that is away learns of the permit when the process restores it.
        let _lost = self.with(permit.limit, |memory, _, now| memory.completed(permit, now));
    }
}

impl<C> fmt::Debug for MemoryStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Memory {
    fn new(limit: SharedLimit, epoch: u64, now: Duration) -> Self {
        let start = Start::Cautious { burst: limit.burst };
        let mut throttle = Throttle::new(limit.max, limit.window, start, Rng::with_seed(epoch));
        throttle.asked(now);
        Self {
            born: now,
            limit,
            throttle,
            permits: BTreeMap::new(),
            members: BTreeMap::new(),
            claims: BTreeMap::new(),
            is_restored: false,
            granted: 0,
        }
    }

    fn state(&self, epoch: u64, now: Duration) -> StoreState {
        let mut state = StoreState::new(epoch, self.allowed(now));
        state.members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        state.is_rebuilding = self.is_rebuilding(now);
        state.used = self.used();
        let pause = self.throttle.paused_until().saturating_sub(now);
        state.paused_for = (!pause.is_zero()).then_some(pause);
        state
    }

    fn used(&self) -> u32 {
        u32::try_from(self.permits.len()).unwrap_or(u32::MAX)
    }

    fn used_by_bulk(&self) -> usize {
        let bulk = |held: &&Held| held.priority == Priority::Bulk;
        self.permits.values().filter(bulk).count()
    }

    fn is_rebuilding(&self, now: Duration) -> bool {
        self.is_restored && now < self.born.saturating_add(self.limit.window)
    }

    /// Returns the limit for a process that knows nothing of a memory before this one.
    fn allowed(&self, now: Duration) -> u32 {
        let limit = u32::try_from(self.throttle.limit(now)).unwrap_or(u32::MAX);
        match self.is_rebuilding(now) {
            true => limit.min(self.limit.burst),
            false => limit,
        }
    }

    fn expire(&mut self, now: Duration) {
        for held in self.permits.values_mut() {
            if held.lease_end.is_some_and(|end| end <= now) {
                held.lease_end = None;
                self.throttle.forget(held.ticket);
            }
        }
        self.permits.retain(|_, held| held.end > now);
        let kept = self.limit.window.saturating_mul(2);
        self.claims.retain(|_, claim| claim.ends_at > now);
        self.members
            .retain(|_, seen| seen.saturating_add(kept) > now);
    }

    fn take(&mut self, request: &TakeRequest, epoch: u64, now: Duration) -> Grant {
        self.members.insert(request.id.process, now);
        if request.epoch.is_some_and(|known| known != epoch) {
            return Grant::Forgotten;
        }
        let claim = (request.id.process, request.priority);
        self.claims.remove(&claim);
        let mut since = nanos(now) - nanos(request.waited);
        if request.priority == Priority::Bulk {
            since += nanos(self.limit.window / 10);
        }
        if let Some(free) = self.wait_for(request, since, now) {
            let wait = free.first().copied().unwrap_or(ASKS_AGAIN);
            let ends_at = now.saturating_add(wait.min(ASKS_AGAIN) + GRACE);
            self.claims.insert(claim, Claim { since, ends_at });
            return Grant::Wait(free);
        }
        self.granted += 1;
        self.throttle.starts(self.granted);
        let lease_end = now.saturating_add(request.lease);
        let held = Held {
            priority: request.priority,
            ticket: self.granted,
            lease_end: Some(lease_end),
            end: lease_end.saturating_add(self.limit.window),
        };
        self.permits.insert(request.id, held);
        Grant::Granted
    }

    /// Returns the times until the next permits are free, or `None` if one is free now.
    fn wait_for(&self, request: &TakeRequest, since: i128, now: Duration) -> Option<Vec<Duration>> {
        let pause = self.throttle.paused_until().saturating_sub(now);
        if !pause.is_zero() {
            return Some(vec![pause]);
        }
        // The end of a probe is unknown.
        if self.throttle.is_probing() {
            return Some(Vec::new());
        }
        if request.is_share && self.is_rebuilding(now) {
            return None;
        }
        let is_bulk = request.priority == Priority::Bulk;
        let earlier = |claim: &&Claim| claim.since < since;
        let before = self.claims.values().filter(earlier).count();
        let limit = self.allowed(now);
        let part = match is_bulk {
            true => self.limit.bulk_part(limit),
            false => limit,
        };
        let used = self.permits.len();
        let of_bulk = match is_bulk {
            true => self.used_by_bulk(),
            false => used,
        };
        if used < limit as usize && of_bulk < part as usize {
            // A process that has waited longer is about to ask.
            return (used + before >= limit as usize).then(|| vec![TURN]);
        }
        if limit < self.limit.max {
            // The limit grows meanwhile, so only the first is known.
            let grown = self.throttle.grows_to(used + 1, now);
            let grown = grown.map(|at| at.saturating_sub(now));
            let ended = self.ends(false, now).first().copied();
            return Some(
                [grown, ended]
                    .into_iter()
                    .flatten()
                    .min()
                    .into_iter()
                    .collect(),
            );
        }
        let mut ends = self.ends(is_bulk && used < limit as usize, now);
        let counted = match is_bulk && used < limit as usize {
            true => part,
            false => limit,
        };
        let excess = ends.len().saturating_sub(counted as usize) + before;
        let mut free = ends.split_off(excess.min(ends.len().saturating_sub(1)));
        free.truncate(request.waiting as usize);
        Some(free)
    }

    /// Returns the times until permits are free, soonest first.
    fn ends(&self, of_bulk: bool, now: Duration) -> Vec<Duration> {
        let counted = |held: &&Held| !of_bulk || held.priority == Priority::Bulk;
        // A request in flight leaves the window one window from now at the earliest.
        let left = |held: &Held| held.end.saturating_sub(now).min(self.limit.window);
        let mut ends: Vec<Duration> = self.permits.values().filter(counted).map(left).collect();
        ends.sort_unstable();
        ends
    }

    fn restore(&mut self, request: &RestoreRequest, epoch: u64, now: Duration) {
        self.members.insert(request.process, now);
        let is_new = request.epoch != Some(epoch);
        let is_young = now < self.born.saturating_add(self.limit.window);
        self.is_restored |= is_new && is_young && !request.permits.is_empty();
        for permit in &request.permits {
            let end = now.saturating_add(permit.ends_in);
            let held = self.permits.entry(permit.id).or_insert(Held {
                priority: permit.priority,
                ticket: 0,
                lease_end: None,
                end,
            });
            held.end = held.end.max(end);
        }
    }

    fn completed(&mut self, permit: &CompletedPermit, now: Duration) {
        let sent = self.permits.len();
        let ticket = self.permits.get(&permit.id).map_or(0, |held| held.ticket);
        if permit.outcome == PermitOutcome::Unsent {
            self.permits.remove(&permit.id);
            self.throttle.forget(ticket);
            return;
        }
        let held = Held {
            priority: permit.priority,
            ticket,
            lease_end: None,
            end: now.saturating_add(self.limit.window),
        };
        self.permits.insert(permit.id, held);
        match permit.outcome {
            PermitOutcome::Responded => self.throttle.accepted(ticket, now),
            PermitOutcome::Throttled { retry_after } => {
                let started = now.saturating_sub(permit.held);
                self.throttle
                    .throttled(ticket, started, retry_after, sent, now);
            }
            _ => self.throttle.forget(ticket),
        }
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 4)
}
