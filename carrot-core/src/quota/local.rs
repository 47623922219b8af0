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

use super::Quota;
use crate::Clock;

const REQUESTS: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// The pause after a 429 that does not say how long to wait.
const PAUSE: Duration = Duration::from_secs(1);

/// A quota within one process: so many requests in any window of time, first come, first served.
///
/// A whole window's worth may go out at once. A place is free again one window after its request was
/// *over*, not after it was begun: the service saw the request at some moment in between, so however
/// long requests travel, it never sees more than the limit in any window.
///
/// After a 429 all requests pause, and the limit is halved; it grows back by one for every ten
/// requests that are not refused.
#[derive(Debug)]
pub struct LocalQuota<C> {
    clock: C,
    window: Duration,
    max_requests: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The limit as it is now, in tenths of a request.
    limit_tenths: u32,
    in_flight: u32,
    /// How many of those were refused with 429.
    refused: u32,
    /// When the requests of the last window were over, oldest first.
    over: VecDeque<Duration>,
    paused_until: Duration,
    /// Who waits, by the order of coming.
    waiting: BTreeMap<u64, Option<Waker>>,
    next_ticket: u64,
}

/// What a waiting task is told.
enum Turn {
    Go,
    /// Nothing changes before this moment, unless somebody wakes the task.
    At(Duration),
    /// Until a request is over, or another gives up its place.
    Unknown,
}

impl<C: Clock> LocalQuota<C> {
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
                waiting: BTreeMap::new(),
                next_ticket: 0,
            }),
        }
    }

    /// Every change of the state is whole before anything can panic, so a poisoned lock is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and lets all who wait look at their turn again. They are woken when the lock
    /// is open: a waker may run anything, and the last waker of a task may drop it.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let waiting = state.waiting.values_mut();
        let wakers: Vec<Waker> = waiting.filter_map(Option::take).collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn turn(&self, state: &mut State, ticket: u64) -> Turn {
        let now = self.clock.now();
        if now < state.paused_until {
            return Turn::At(state.paused_until);
        }
        while state
            .over
            .front()
            .is_some_and(|over| over.saturating_add(self.window) <= now)
        {
            state.over.pop_front();
        }
        let before_me = state.waiting.range(..ticket).count();
        let limit = (state.limit_tenths / 10).max(1) as usize;
        let used = state.in_flight as usize + state.over.len();
        if used + before_me < limit {
            return Turn::Go;
        }
        // So many places must become free before it is this task's turn.
        let missing = used + before_me - limit;
        match state.over.get(missing) {
            Some(over) => Turn::At(over.saturating_add(self.window)),
            None => Turn::Unknown,
        }
    }
}

/// A place in the queue, given up when dropped.
struct Ticket<'a, C: Clock> {
    quota: &'a LocalQuota<C>,
    number: u64,
}

impl<'a, C: Clock> Ticket<'a, C> {
    fn draw(quota: &'a LocalQuota<C>) -> Self {
        let mut state = quota.state();
        let number = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.insert(number, None);
        Self { quota, number }
    }

    fn poll(&self, context: &mut Context<'_>, sleep: &mut Sleep<'a>) -> Poll<()> {
        loop {
            // Dropped when the lock is open, as in `change`.
            let _old_waker;
            let until = {
                let mut state = self.quota.state();
                let turn = self.quota.turn(&mut state, self.number);
                if matches!(turn, Turn::Go) {
                    _old_waker = state.waiting.remove(&self.number);
                    state.in_flight += 1;
                    return Poll::Ready(());
                }
                let waker = Some(context.waker().clone());
                _old_waker = state.waiting.insert(self.number, waker);
                match turn {
                    Turn::At(until) => until,
                    _ => {
                        // A sleep that nobody polls would stand in the way of a virtual clock.
                        *sleep = None;
                        return Poll::Pending;
                    }
                }
            };
            let clock = &self.quota.clock;
            if sleep.as_ref().is_none_or(|(planned, _)| *planned != until) {
                let pause = until.saturating_sub(clock.now());
                *sleep = Some((until, clock.sleep(pause)));
            }
            let Some((_, sleeping)) = sleep else {
                return Poll::Pending;
            };
            if sleeping.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            *sleep = None;
        }
    }
}

/// A sleep, and the moment that it lasts to.
type Sleep<'a> = Option<(Duration, Pin<Box<dyn Future<Output = ()> + Send + 'a>>)>;

impl<C: Clock> Drop for Ticket<'_, C> {
    fn drop(&mut self) {
        let waits = self.quota.state().waiting.contains_key(&self.number);
        if waits {
            let mut _old_waker = None;
            self.quota
                .change(|state| _old_waker = state.waiting.remove(&self.number));
        }
    }
}

#[async_trait]
impl<C: Clock> Quota for LocalQuota<C> {
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let ticket = Ticket::draw(self);
        let mut sleep = None;
        poll_fn(|context| ticket.poll(context, &mut sleep)).await;
        Ok(())
    }

    fn release(&self) {
        self.change(|state| {
            state.in_flight = state.in_flight.saturating_sub(1);
            // Read under the lock, so that the moments stand in their order.
            state.over.push_back(self.clock.now());
            match state.refused.checked_sub(1) {
                Some(rest) => state.refused = rest,
                None => state.limit_tenths = (state.limit_tenths + 1).min(self.max_requests * 10),
            }
        });
    }

    fn throttled(&self, retry_after: Option<Duration>) {
        let pause = retry_after.unwrap_or(PAUSE).min(self.window);
        self.change(|state| {
            let now = self.clock.now();
            state.refused = (state.refused + 1).min(state.in_flight);
            // Requests that went out together are refused together: they count as one.
            if now >= state.paused_until {
                state.limit_tenths = (state.limit_tenths / 2).max(10);
            }
            state.paused_until = state.paused_until.max(now.saturating_add(pause));
        });
    }
}
