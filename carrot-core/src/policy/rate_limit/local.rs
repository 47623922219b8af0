use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;

use super::RateLimiter;
use crate::Clock;

const REQUESTS: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// The pause after a 429 that does not say how long to wait.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, whatever the service asks for.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A rate limit within one process: so many requests in any window of time, first come, first served.
///
/// A whole window's worth may go out at once. A place is free again one window after its request was
/// *over*, not after it was begun: the service saw the request at some moment in between, so however
/// long requests travel, it never sees more than the limit in any window.
///
/// After a 429 all requests pause for as long as the service asks with `Retry-After`, at most 60 s, or
/// for 1 s when it does not say; the window does not matter. And the limit is halved; it grows back by
/// one for every ten requests that are not refused.
#[derive(Debug)]
pub struct LocalRateLimiter<C> {
    clock: C,
    window: Duration,
    max_requests: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The limit as it is now, in tenths of a request; never less than ten.
    limit_tenths: u32,
    in_flight: u32,
    /// How many of those were refused with 429.
    refused: u32,
    /// When the requests of the last window were over, oldest first.
    over: VecDeque<Duration>,
    paused_until: Duration,
    /// The latest time that the clock showed.
    now: Duration,
    /// Who waits, by the order of coming.
    waiting: BTreeMap<u64, Option<Waker>>,
    next_ticket: u64,
}

/// What a waiting task is told.
enum Turn {
    Go,
    /// Nothing changes before this moment, unless somebody wakes the task.
    At(Duration),
    /// Until a request is over, or one before gives up: the task is woken then.
    Unknown,
}

impl State {
    fn limit(&self) -> usize {
        (self.limit_tenths / 10) as usize
    }

    fn used(&self) -> usize {
        self.in_flight as usize + self.over.len()
    }

    /// For how many of those who wait the moment of their turn is known: each of them waits for a
    /// request that is over already to leave the window.
    fn known(&self) -> usize {
        self.limit().saturating_sub(self.in_flight as usize)
    }

    /// How many wait before this number, counted up to those whose turn is known.
    fn ahead(&self, number: u64) -> usize {
        self.waiting.range(..number).take(self.known()).count()
    }

    /// The wakers of those whose turn is known, but for the first so many.
    fn wakers(&mut self, from: usize) -> Vec<Waker> {
        let known = self.known();
        let told = self.waiting.values_mut().take(known).skip(from);
        told.filter_map(Option::take).collect()
    }
}

impl<C: Clock> LocalRateLimiter<C> {
    /// 60 requests in any minute, the limit of the service.
    #[must_use]
    pub fn new(clock: C) -> Self {
        Self::with_limit(clock, REQUESTS, WINDOW)
    }

    /// So many requests in any such window; 0 requests count as 1.
    #[must_use]
    pub fn with_limit(clock: C, max_requests: u32, window: Duration) -> Self {
        let max_requests = max_requests.clamp(1, u32::MAX / 10);
        Self {
            clock,
            window,
            max_requests,
            state: Mutex::new(State {
                limit_tenths: max_requests * 10,
                in_flight: 0,
                refused: 0,
                over: VecDeque::new(),
                paused_until: Duration::ZERO,
                now: Duration::ZERO,
                waiting: BTreeMap::new(),
                next_ticket: 0,
            }),
        }
    }

    /// Every change of the state is whole before anything can panic, so a poisoned lock is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time. It never goes back, whatever the clock does: that would break the order of `over`.
    fn now(&self, state: &mut State) -> Duration {
        state.now = state.now.max(self.clock.now());
        state.now
    }

    /// Changes the state, and wakes all whose turn is earlier than they were told. The change gives how
    /// many of the first in the queue it does not concern.
    ///
    /// So everyone who waits sleeps to the very moment of its own turn, or does not know it, and relies
    /// on nobody else who waits: any of them may not be polled, or give up.
    ///
    /// They are woken when the lock is open: a waker may run anything, and the last waker of a task may
    /// drop it.
    fn change(&self, change: impl FnOnce(&mut State, Duration) -> usize) {
        let mut state = self.state();
        let now = self.now(&mut state);
        let from = change(&mut state, now);
        let wakers = state.wakers(from);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives the places that are free to those who came first, whether or not they are looking: one
    /// that nobody polls holds its place, and not all who wait behind it. Returns whom to wake.
    fn hand_out(&self, state: &mut State, now: Duration) -> Vec<Waker> {
        while state
            .over
            .front()
            .is_some_and(|over| over.saturating_add(self.window) <= now)
        {
            state.over.pop_front();
        }
        let mut wakers = Vec::new();
        if now < state.paused_until {
            return wakers;
        }
        while state.used() < state.limit() {
            let Some((_, waker)) = state.waiting.pop_first() else {
                return wakers;
            };
            state.in_flight += 1;
            wakers.extend(waker);
        }
        wakers
    }

    /// The turn of a number, the free places being handed out.
    fn turn(&self, state: &State, number: u64, now: Duration) -> Turn {
        if !state.waiting.contains_key(&number) {
            // It has its place.
            return match state.paused_until {
                until if until <= now => Turn::Go,
                until => Turn::At(until),
            };
        }
        let ahead = state.ahead(number);
        if ahead >= state.known() {
            return Turn::Unknown;
        }
        // So many places must become free before it is this one's turn; none in a pause, maybe.
        let missing = (state.used() + ahead).checked_sub(state.limit());
        let last = missing.and_then(|missing| state.over.get(missing));
        let free = last.map_or(Duration::ZERO, |over| over.saturating_add(self.window));
        Turn::At(free.max(state.paused_until))
    }
}

/// A place in the queue, and then one of the rate limit, given up when dropped before it is taken.
struct Ticket<'a, C: Clock> {
    rate_limit: &'a LocalRateLimiter<C>,
    number: u64,
    taken: bool,
}

impl<'a, C: Clock> Ticket<'a, C> {
    fn draw(rate_limit: &'a LocalRateLimiter<C>) -> Self {
        let mut state = rate_limit.state();
        let number = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.insert(number, None);
        Self {
            rate_limit,
            number,
            taken: false,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, sleep: &mut Sleep<'a>) -> Poll<()> {
        let until = match self.look(context) {
            Turn::Go => {
                self.taken = true;
                return Poll::Ready(());
            }
            Turn::At(until) => until,
            Turn::Unknown => {
                // A sleep that nobody polls would stand in the way of a virtual clock.
                *sleep = None;
                return Poll::Pending;
            }
        };
        let planned = sleep.take().filter(|(planned, _)| *planned == until);
        let (_, sleeping) = sleep.insert(planned.unwrap_or_else(|| {
            let clock = &self.rate_limit.clock;
            (until, clock.sleep(until.saturating_sub(clock.now())))
        }));
        if sleeping.as_mut().poll(context).is_ready() {
            // To look again at once, and not in a loop here: a sleep may end too early, again and again.
            *sleep = None;
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Hands out what is free, and leaves the waker of this task when it has to wait.
    fn look(&self, context: &mut Context<'_>) -> Turn {
        let mut state = self.rate_limit.state();
        let now = self.rate_limit.now(&mut state);
        // Taken out first: this task does not have to wake itself. Dropped when the lock is open.
        let _old_waker = state.waiting.get_mut(&self.number).and_then(Option::take);
        let wakers = self.rate_limit.hand_out(&mut state, now);
        let turn = self.rate_limit.turn(&state, self.number, now);
        if let Some(waker) = state.waiting.get_mut(&self.number) {
            *waker = Some(context.waker().clone());
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        turn
    }
}

/// A sleep, and the moment that it lasts to.
type Sleep<'a> = Option<(Duration, Pin<Box<dyn Future<Output = ()> + Send + 'a>>)>;

impl<C: Clock> Drop for Ticket<'_, C> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut _waker = None;
        self.rate_limit.change(|state, _| {
            let ahead = state.ahead(self.number);
            match state.waiting.remove(&self.number) {
                Some(waker) => {
                    _waker = waker;
                    ahead
                }
                // It got a place that it made no request with.
                None => {
                    state.in_flight = state.in_flight.saturating_sub(1);
                    0
                }
            }
        });
    }
}

#[async_trait]
impl<C: Clock> RateLimiter for LocalRateLimiter<C> {
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut ticket = Ticket::draw(self);
        let mut sleep = None;
        poll_fn(|context| ticket.poll(context, &mut sleep)).await;
        Ok(())
    }

    fn release(&self) {
        self.change(|state, now| {
            let (known, limit) = (state.known(), state.limit());
            state.in_flight = state.in_flight.saturating_sub(1);
            state.over.push_back(now);
            match state.refused.checked_sub(1) {
                Some(rest) => state.refused = rest,
                None => state.limit_tenths = (state.limit_tenths + 1).min(self.max_requests * 10),
            }
            // A limit that grows moves all up by one.
            if state.limit() > limit { 0 } else { known }
        });
    }

    fn throttled(&self, retry_after: Option<Duration>) {
        let pause = retry_after.unwrap_or(PAUSE).min(MAX_PAUSE);
        // It makes nobody's turn earlier, so there is nobody to wake.
        let mut state = self.state();
        let now = self.now(&mut state);
        state.refused = (state.refused + 1).min(state.in_flight);
        // Requests that went out together are refused together: they count as one.
        if now >= state.paused_until {
            state.limit_tenths = (state.limit_tenths / 2).max(10);
        }
        state.paused_until = state.paused_until.max(now.saturating_add(pause));
    }
}
