use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    AcquireError, AcquireRequest, Permit, PermitKeeper, PermitOutcome, RateLimitStatus,
    RateLimiter, Start,
    state::{State, Wakers},
    throttle::{Throttle, burst_of},
    ticket::{self, Queue},
};
use crate::Clock;

pub(super) const REQUESTS: u32 = 60;
pub(super) const WINDOW: Duration = Duration::from_secs(60);
pub(super) const MAX_WAITING: usize = 100_000;

/// A rate limiter within one process. Allows a fixed number of requests in any window of time.
///
/// **Window.** A permit is free again one window after its request *ended*, not after it started.
/// The service counts the request at some moment in between, so it never sees more requests in a
/// window than the limit, however long requests take. A request that was never sent returns its
/// permit at once. If a caller never reports the end of its request, the permit ends with its
/// [lease](AcquireRequest::lease).
///
/// **Start.** Eight requests at once, and the rest of the limit evenly over the first window;
/// [`start`](Self::start) changes it. Otherwise programs that start together on one key would
/// exceed the limit of the service, and so would a program that restarts often.
///
/// **Order.** First in, first out, interactive calls before bulk calls. While both wait, every
/// fifth permit goes to a bulk call, and bulk calls leave a tenth of the limit to interactive calls;
/// see [`reserve`](Self::reserve). A task that does not take its permit within a second loses it to
/// the next task, and joins the queue again when it is polled.
///
/// **Patience.** If no permit can be free in time, `acquire` fails at once with
/// [`AcquireError::TooLate`].
///
/// **After a 429** no request starts for as long as the service asks, or for two seconds if it does
/// not say. Then one request at a time probes whether the service accepts requests again; each 429
/// doubles the pause, up to a minute. The limit drops once: to four fifths of what the service
/// accepted in the last window, or to half of the present limit if few requests were sent in it;
/// never below a tenth of the full limit. It recovers with time, whether it is used or not: by 1, 2,
/// 4, 8 and then 16 sixtieths of the full limit in each window.
///
#[doc = include_str!("../../../docs/shared_key.md")]
///
/// # Example
///
/// ```
/// # async fn example(clock: impl carrot_core::Clock + Clone) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use carrot_core::{LocalRateLimiter, RateLimiter, rate_limit::{AcquireRequest, Start}};
///
/// // Another program uses the same key and gets the other half. No program did a moment ago.
/// let minute = Duration::from_secs(60);
/// let limiter = LocalRateLimiter::with_limit(clock, 30, minute).start(Start::Full);
///
/// // The client does this for each attempt.
/// let permit = limiter.acquire(&AcquireRequest::new("users.get")).await?;
/// assert_eq!(limiter.status().map(|status| status.used), Some(1));
/// drop(permit);
/// # Ok(())
/// # }
/// # let clock = carrot_testing::VirtualClock::new();
/// # let done = clock.clone().run(example(clock));
/// # done.unwrap();
/// ```
pub struct LocalRateLimiter<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    clock: C,
    state: Mutex<State>,
}

impl<C: Clock> LocalRateLimiter<C> {
    /// Creates a limiter of 60 requests in any minute, the limit of the service.
    #[must_use]
    pub fn new(clock: C) -> Self {
        Self::with_limit(clock, REQUESTS, WINDOW)
    }

    /// Creates a limiter of `max_requests` in any `window`. 0 requests count as 1, a window of 0 as one
    /// millisecond.
    #[must_use]
    pub fn with_limit(clock: C, max_requests: u32, window: Duration) -> Self {
        let max = max_requests.max(1);
        let window = window.max(Duration::from_millis(1));
        let start = Start::Cautious {
            burst: burst_of(max),
        };
        let throttle = Throttle::new(max, window, start, fastrand::Rng::new());
        let mut state = State::new(throttle, max, window);
        state.max_waiting = MAX_WAITING;
        Self {
            inner: Arc::new(Inner {
                clock,
                state: Mutex::new(state),
            }),
        }
    }

    /// Sets how the limiter starts. [`Start::Cautious`] by default, with a burst of eight of sixty
    /// requests.
    #[must_use = "a setter returns the changed value"]
    pub fn start(self, start: Start) -> Self {
        self.inner.state().throttle.set_start(start);
        self
    }

    /// Sets how many permits of the full limit bulk calls leave to interactive calls. A tenth by
    /// default, 0 for none. While the limit is lower, the reserve shrinks with it. Bulk calls can
    /// always use one permit.
    #[must_use = "a setter returns the changed value"]
    pub fn reserve(self, permits: u32) -> Self {
        self.inner.state().reserve = permits as usize;
        self
    }

    /// Sets how many attempts can wait; one more fails with [`AcquireError::QueueFull`]. 100,000 by
    /// default.
    #[must_use = "a setter returns the changed value"]
    pub fn max_waiting(self, waiting: usize) -> Self {
        self.inner.state().max_waiting = waiting;
        self
    }

    /// Sets the seed of the random part of the pauses after a 429, so that a simulation is
    /// reproducible. Random by default, so that clients do not retry at the same moment.
    #[must_use = "a setter returns the changed value"]
    pub fn jitter_seed(self, seed: u64) -> Self {
        self.inner.state().throttle.seed(seed);
        self
    }

    fn snapshot(&self) -> RateLimitStatus {
        let mut state = self.inner.state();
        let now = state.at(self.inner.clock.now());
        state.status(now)
    }
}

impl<C> Inner<C> {
    /// No change of the state can panic halfway, so the state behind a poisoned lock is consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Queue for Inner<C> {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> (T, Wakers)) -> T {
        let clock = self.clock.now();
        let (result, wakers) = {
            let mut state = self.state();
            let now = state.at(clock);
            change(&mut state, now)
        };
        wakers.wake();
        result
    }
}

impl<C: Clock> PermitKeeper for Inner<C> {
    fn completed(&self, ticket: u64, outcome: PermitOutcome) {
        self.change(|state, now| ((), state.completed(ticket, outcome, now)));
    }
}

#[async_trait]
impl<C: Clock> RateLimiter for LocalRateLimiter<C> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError> {
        ticket::acquire(&self.inner, request).await
    }

    fn status(&self) -> Option<RateLimitStatus> {
        Some(self.snapshot())
    }
}

impl<C: Clock> fmt::Debug for LocalRateLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRateLimiter")
            .field("status", &self.snapshot())
            .finish_non_exhaustive()
    }
}
