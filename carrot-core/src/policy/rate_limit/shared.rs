use std::{
    collections::hash_map::RandomState,
    error::Error,
    fmt,
    future::Future,
    hash::{BuildHasher, Hasher},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    AcquireError, AcquireRequest, Outage, Permit, PermitKeeper, PermitOutcome, RateLimitStatus,
    RateLimitStore, RateLimiter, SharedLimit, Start, StoreError,
    link::{Link, Question, StoreResponse},
    local,
    state::{State, Wakers},
    throttle::{Throttle, burst_of},
    ticket::{self, Queue},
};
use crate::{Clock, policy::timeout};

/// A rate limiter that all processes with one key share, through a [`RateLimitStore`].
///
/// `carrot-hyper` has a store over Redis, behind its feature `redis`; [`MemoryStore`](super::MemoryStore)
/// is for tests. Window, order, patience and the behaviour after a 429 are those of
/// [`LocalRateLimiter`](super::LocalRateLimiter), for all processes together: if one process gets a 429,
/// all of them pause. All processes need the same limit: with different ones each keeps its own, and those
/// with the lower limit get a permit only when the others leave one.
///
/// **Order.** Each process has its own queue, and only its first attempt asks the store. Among processes
/// the attempt that has waited longest goes first. Bulk calls leave the [`reserve`](Self::reserve) to
/// interactive calls of any process.
///
/// **Lost processes.** Each permit has the [lease](AcquireRequest::lease) of its attempt. The permit of a
/// process that was killed is free again one window after the lease.
///
/// **Store away.** No call waits for the store longer than its patience. While the store does not respond,
/// each process goes on with its share: the limit divided by the number of processes that the store saw
/// in the last two windows, two at least, see [`processes`](Self::processes). It counts its own permits of
/// the last window, and in the first window of the outage it uses no more than it did before, or its part
/// of the burst: together at most the limit and the burst, 68 of 60, and the limit from then on. With more
/// processes than the burst or the limit has requests, each gets its part at random, and both hold on
/// average. [`on_outage`](Self::on_outage) makes attempts fail instead. A 429 of the outage pauses its own
/// process, and all of them when the store responds again.
///
/// **Store empty.** If the store has lost its memory, each process restores its own permits and goes on
/// with its share for one window. A process without permits starts with the burst.
///
/// **Not promised.** More requests than the limit are possible for a window if
/// * a store fails over to a replica that has not got the last permits, or evicts keys;
/// * a single process loses the connection to the store and goes on with its share while the others use all of
///   the limit;
/// * more processes run in an outage than the share is computed for: with six instead of two, up to
///   three times the limit;
/// * a process is frozen for longer than its lease and sends its request afterwards.
///
/// ```
/// use carrot_core::{RateLimiter, rate_limit::{AcquireRequest, MemoryStore, SharedRateLimiter}};
/// # use carrot_testing::VirtualClock;
///
/// # let clock = VirtualClock::manual();
/// # clock.clone().run(async {
/// let store = MemoryStore::new(clock.clone());
/// let one = SharedRateLimiter::new(store.clone(), clock.clone());
/// let other = SharedRateLimiter::new(store, clock);
/// let permits = (
///     one.acquire(&AcquireRequest::new("example")).await?,
///     other.acquire(&AcquireRequest::new("example")).await?,
/// );
/// assert_eq!(other.status().map(|status| status.used), Some(2));
/// # drop(permits);
/// # Ok::<_, carrot_core::rate_limit::AcquireError>(())
/// # }).unwrap();
/// ```
pub struct SharedRateLimiter<S, C> {
    inner: Arc<Inner<S, C>>,
}

struct Inner<S, C> {
    store: Arc<S>,
    clock: Arc<C>,
    state: Mutex<State>,
    /// The question under way. Locked before the state.
    question: Mutex<Underway>,
    /// Wakes tasks that go on with the question.
    waker: Waker,
}

type Underway = Option<Pin<Box<dyn Future<Output = StoreResponse> + Send>>>;

impl<S: RateLimitStore, C: Clock> SharedRateLimiter<S, C> {
    /// Creates a limiter of 60 requests in any minute, the limit of the service.
    #[must_use]
    pub fn new(store: S, clock: C) -> Self {
        Self::with_limit(store, clock, local::REQUESTS, local::WINDOW)
    }

    /// Creates a limiter of `max_requests` in any `window`. 0 requests count as 1, a window of 0 as one
    /// millisecond.
    #[must_use]
    pub fn with_limit(store: S, clock: C, max_requests: u32, window: Duration) -> Self {
        let max = max_requests.max(1);
        let window = window.max(Duration::from_millis(1));
        let limit = SharedLimit {
            max,
            window,
            burst: burst_of(max),
            reserve: max / 10,
        };
        // The store starts with care; a share needs no second start.
        let throttle = Throttle::new(max, window, Start::Full, fastrand::Rng::new());
        let mut state = State::new(throttle, max, window);
        state.max_waiting = local::MAX_WAITING;
        state.link = Some(Link::new(random(), limit));
        let inner = Arc::new_cyclic(|inner| Inner {
            store: Arc::new(store),
            clock: Arc::new(clock),
            state: Mutex::new(state),
            question: Mutex::default(),
            waker: Waker::from(Arc::new(Driver(inner.clone()))),
        });
        Self { inner }
    }

    /// Sets how a store without memory starts, as [`LocalRateLimiter::start`](super::LocalRateLimiter::start)
    /// does for a process. [`Start::Cautious`] by default, with a burst of eight of sixty requests.
    #[must_use = "a setter returns the changed value"]
    pub fn start(self, start: Start) -> Self {
        self.set(|link| {
            link.limit.burst = match start {
                Start::Cautious { burst } => burst.min(link.limit.max),
                Start::Full => link.limit.max,
            };
        })
    }

    /// Sets how many permits of the full limit bulk calls leave to interactive calls. A tenth by
    /// default, 0 for none.
    #[must_use = "a setter returns the changed value"]
    pub fn reserve(self, permits: u32) -> Self {
        self.inner.state().reserve = permits as usize;
        self.set(|link| link.limit.reserve = permits)
    }

    /// Sets the least number of processes that the limit is divided by while the store is away: how many
    /// run at most, for processes that start during an outage. 2 by default.
    #[must_use = "a setter returns the changed value"]
    pub fn processes(self, processes: u32) -> Self {
        self.set(|link| link.processes = processes)
    }

    /// Sets what happens while the store does not respond. [`Outage::Share`] by default.
    #[must_use = "a setter returns the changed value"]
    pub fn on_outage(self, outage: Outage) -> Self {
        self.set(|link| link.outage = outage)
    }

    /// Sets how long the store may take to respond before it counts as away. 500 ms by default. The permit
    /// of a killed process stays taken for as much longer.
    #[must_use = "a setter returns the changed value"]
    pub fn store_timeout(self, timeout: Duration) -> Self {
        self.set(|link| link.timeout = timeout)
    }

    /// Sets how many attempts of this process can wait; one more fails with
    /// [`AcquireError::QueueFull`]. 100,000 by default.
    #[must_use = "a setter returns the changed value"]
    pub fn max_waiting(self, waiting: usize) -> Self {
        self.inner.state().max_waiting = waiting;
        self
    }

    /// Sets the seed of the random part of pauses and shares, so that a simulation is reproducible. The
    /// limiters of one store need different seeds. Random by default.
    #[must_use = "a setter returns the changed value"]
    pub fn jitter_seed(self, seed: u64) -> Self {
        self.inner.state().throttle.seed(seed);
        self.set(|link| link.seed(seed))
    }

    /// Returns the last error of the store while it is away, for logs and health checks; `None` while it
    /// responds. With [`Outage::Share`] calls go on, so a wrong password shows only here.
    #[must_use]
    pub fn store_error(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        let state = self.inner.state();
        state.link.as_ref().and_then(Link::error)
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    fn set(self, set: impl FnOnce(&mut Link)) -> Self {
        if let Some(link) = &mut self.inner.state().link {
            set(link);
        }
        self
    }

    fn snapshot(&self) -> RateLimitStatus {
        let mut state = self.inner.state();
        let now = state.at(self.inner.clock.now());
        state.status(now)
    }
}

/// A number that no other process has. The hasher takes it from the operating system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl<S, C> Inner<S, C> {
    /// No change of the state can panic halfway, so the state behind a poisoned lock is consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn question(&self) -> MutexGuard<'_, Underway> {
        self.question.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: RateLimitStore, C: Clock> Inner<S, C> {
    /// Changes the state and tells the store what has ended. The caller wakes the tasks.
    fn update<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        let clock = self.clock.now();
        let (result, reports) = {
            let mut state = self.state();
            let now = state.at(clock);
            let result = change(&mut state, now);
            (result, state.take_reports())
        };
        for report in &reports {
            self.store.completed(report);
        }
        result
    }

    fn ask(
        &self,
        question: Question,
        limit: Duration,
    ) -> Pin<Box<dyn Future<Output = StoreResponse> + Send>> {
        let store = Arc::clone(&self.store);
        let clock = Arc::clone(&self.clock);
        let late =
            move || -> StoreError { format!("the store did not respond within {limit:?}").into() };
        Box::pin(async move {
            match question {
                Question::Take(request) => {
                    let taken = timeout(&*clock, Some(limit), store.take(&request)).await;
                    StoreResponse::Taken(taken.unwrap_or_else(|| Err(late())))
                }
                Question::Restore(request) => {
                    let restored = timeout(&*clock, Some(limit), store.restore(&request)).await;
                    StoreResponse::Restored(restored.unwrap_or_else(|| Err(late())))
                }
            }
        })
    }
}

impl<S: RateLimitStore, C: Clock> Queue for Inner<S, C> {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> (T, Wakers)) -> T {
        let (result, wakers) = self.update(change);
        wakers.wake();
        result
    }

    fn drive(&self, _context: &mut Context<'_>) -> bool {
        let mut awoken = Vec::new();
        {
            let mut asking = self.question();
            loop {
                if asking.is_none() {
                    let Some((question, limit)) = self.update(State::question) else {
                        break;
                    };
                    *asking = Some(self.ask(question, limit));
                }
                let Some(future) = &mut *asking else {
                    break;
                };
                let Poll::Ready(response) =
                    future.as_mut().poll(&mut Context::from_waker(&self.waker))
                else {
                    break;
                };
                *asking = None;
                awoken.push(self.update(|state, now| state.responded(response, now)));
            }
        }
        // After both locks are released: a waker runs foreign code.
        let is_changed = !awoken.is_empty();
        awoken.into_iter().for_each(Wakers::wake);
        is_changed
    }

    fn left(&self) {
        // Held by a task that goes on with the question; a late response is not used.
        let Ok(mut asking) = self.question.try_lock() else {
            return;
        };
        let abandoned = match self.update(|state, _| state.abandons()) {
            true => asking.take(),
            false => None,
        };
        drop(asking);
        drop(abandoned);
    }
}

impl<S: RateLimitStore, C: Clock> PermitKeeper for Inner<S, C> {
    fn completed(&self, ticket: u64, outcome: PermitOutcome) {
        self.change(|state, now| ((), state.completed(ticket, outcome, now)));
    }
}

/// Wakes the first tasks when the store has responded. Any of them can go on with the question, so that
/// a task that is not polled holds up nobody.
struct Driver<S, C>(Weak<Inner<S, C>>);

impl<S: RateLimitStore, C: Clock> Wake for Driver<S, C> {
    fn wake(self: Arc<Self>) {
        if let Some(inner) = self.0.upgrade() {
            inner.change(|state, _| ((), state.wake_drivers()));
        }
    }
}

#[async_trait]
impl<S: RateLimitStore, C: Clock> RateLimiter for SharedRateLimiter<S, C> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError> {
        ticket::acquire(&self.inner, request).await
    }

    fn status(&self) -> Option<RateLimitStatus> {
        Some(self.snapshot())
    }
}

impl<S: RateLimitStore, C: Clock> fmt::Debug for SharedRateLimiter<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRateLimiter")
            .field("status", &self.snapshot())
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}
