use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    AcquireError, AcquireRequest, Permit, PermitKeeper, PermitOutcome, RateLimitStatus,
    RateLimiter, Start,
    state::{State, Turn, Wakers},
    throttle::Throttle,
};
use crate::Clock;

const REQUESTS: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
const BURST: u32 = 8;
const MAX_WAITING: usize = 100_000;

/// A rate limiter within one process: at most this many requests in any window of time.
///
/// **Window.** A permit is free again one window after its request was *over*, not after it started:
/// the service saw the request at some moment in between, so however long requests travel, it never
/// sees more than the limit in any window. A request that was never sent gives its permit back at
/// once. A permit whose end nobody reports ends with its [lease](AcquireRequest::lease).
///
/// **Start.** Eight requests at once, and the rest of the limit evenly over the first window, unless
/// [`start`](Self::start) says otherwise: programs that start together on one key would refuse each
/// other otherwise, and one that is restarted again and again would spend the limit each time.
///
/// **Order.** First come, first served, interactive calls before bulk work. While both wait, each
/// fifth permit goes to bulk work, and bulk work leaves a tenth of the limit to interactive calls; see
/// [`reserve`](Self::reserve). A task that is not polled loses its permit to the next one after a
/// second, and gets another when it is polled again.
///
/// **Patience.** Who cannot get a permit in time learns it at once: [`AcquireError::TooLate`].
///
/// **After a 429** nothing starts for as long as the service asks, or for two seconds where it does
/// not say. Then one request at a time finds out whether the service accepts again; each refused one
/// doubles the pause, up to a minute. The limit is cut once, to four fifths of what the service
/// accepted in the last window, or to half where that says little; never below a tenth. It recovers by
/// time, used or idle: 1, 2, 4, 8 and from then on 16 sixtieths of the full limit a window.
///
#[doc = include_str!("../../../docs/strangers.md")]
pub struct LocalRateLimiter<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    clock: C,
    state: Mutex<State>,
}

impl<C: Clock> LocalRateLimiter<C> {
    /// 60 requests in any minute, the limit of the service.
    #[must_use]
    pub fn new(clock: C) -> Self {
        Self::with_limit(clock, REQUESTS, WINDOW)
    }

    /// This many requests in any such window; 0 requests count as 1, a window of 0 as a millisecond.
    #[must_use]
    pub fn with_limit(clock: C, max_requests: u32, window: Duration) -> Self {
        let max = max_requests.max(1);
        let window = window.max(Duration::from_millis(1));
        let burst = u64::from(max) * u64::from(BURST) / u64::from(REQUESTS);
        let start = Start::Cautious {
            burst: u32::try_from(burst).unwrap_or(max).max(1),
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

    /// Sets how the limiter starts: cautiously by default, with eight of sixty
    /// requests at once.
    #[must_use = "a setter returns the changed value"]
    pub fn start(self, start: Start) -> Self {
        self.inner.state().throttle.set_start(start);
        self
    }

    /// Sets how many permits of the limit bulk work leaves to interactive calls: a tenth by default;
    /// 0 for none. A lowered limit keeps the same share, and bulk work always has one permit.
    #[must_use = "a setter returns the changed value"]
    pub fn reserve(self, permits: u32) -> Self {
        self.inner.state().reserve = permits as usize;
        self
    }

    /// Sets how many may wait before [`AcquireError::QueueFull`]: 100,000 by default.
    #[must_use = "a setter returns the changed value"]
    pub fn max_waiting(self, waiting: usize) -> Self {
        self.inner.state().max_waiting = waiting;
        self
    }

    /// Makes the pauses after a 429 the same in every run, for a simulation. Random by default, so that
    /// clients which were refused together do not come back together.
    #[must_use = "a setter returns the changed value"]
    pub fn jitter_seed(self, seed: u64) -> Self {
        self.inner.state().throttle.seed(seed);
        self
    }

    fn snapshot(&self) -> RateLimitStatus {
        let mut state = self.inner.state();
        let now = state.at(self.inner.clock.now());
        // Only what ends by itself: to hand out is for those who wait, who have to be woken for it.
        state.expire(now);
        let paused = state.throttle.paused_until().saturating_sub(now);
        RateLimitStatus {
            limit: u32::try_from(state.throttle.limit(now)).unwrap_or(u32::MAX),
            window: state.window,
            used: u32::try_from(state.used()).unwrap_or(u32::MAX),
            waiting: state.waiting(),
            paused_for: (!paused.is_zero()).then_some(paused),
        }
    }
}

impl<C> Inner<C> {
    /// Every change of the state is whole before anything can panic, so a poisoned lock is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Inner<C> {
    /// Changes the state and wakes whom the change concerns, with the lock open: a waker may run
    /// anything, and the last waker of a task may drop it.
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

/// A place in the queue, given up when dropped before the permit is taken.
struct Ticket<'a, C: Clock> {
    inner: &'a Inner<C>,
    number: u64,
    is_taken: bool,
}

impl<'a, C: Clock> Ticket<'a, C> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        sleep: &mut Sleep<'a>,
    ) -> Poll<Result<(), AcquireError>> {
        let (turn, now) = self.inner.change(|state, now| {
            let (turn, wakers) = state.look(self.number, context.waker(), now);
            ((turn, now), wakers)
        });
        let until = match turn {
            Turn::Go => {
                self.is_taken = true;
                return Poll::Ready(Ok(()));
            }
            Turn::TooLate(at) => {
                let earliest = Some(at.saturating_sub(now));
                return Poll::Ready(Err(AcquireError::TooLate { earliest }));
            }
            Turn::Wait(until) => until,
        };
        let planned = sleep.take().filter(|(planned, _)| *planned == until);
        let (_, sleeping) = sleep.insert(planned.unwrap_or_else(|| {
            let wait = until.saturating_sub(now);
            (until, self.inner.clock.sleep(wait))
        }));
        if sleeping.as_mut().poll(context).is_ready() {
            // To look again at once, and not in a loop here: a sleep may end too early, again and again.
            *sleep = None;
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// A sleep, and the moment that it lasts to.
type Sleep<'a> = Option<(Duration, Pin<Box<dyn Future<Output = ()> + Send + 'a>>)>;

impl<C: Clock> Drop for Ticket<'_, C> {
    fn drop(&mut self) {
        if !self.is_taken {
            // Dropped here, with the lock open.
            let _waker = self
                .inner
                .change(|state, now| state.leave(self.number, now));
        }
    }
}

#[async_trait]
impl<C: Clock> RateLimiter for LocalRateLimiter<C> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError> {
        let number = self
            .inner
            .change(|state, now| (state.join(request, now), Wakers::default()))
            .map_err(|waiting| AcquireError::QueueFull { waiting })?;
        let mut ticket = Ticket {
            inner: &self.inner,
            number,
            is_taken: false,
        };
        let mut sleep = None;
        poll_fn(|context| ticket.poll(context, &mut sleep)).await?;
        let keeper: Arc<dyn PermitKeeper> = self.inner.clone();
        Ok(Permit::new(keeper, number))
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
