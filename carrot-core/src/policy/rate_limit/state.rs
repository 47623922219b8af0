//! Who may start a request, and when: the limiter without its clock and its lock.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    task::Waker,
    time::Duration,
};

use super::{AcquireRequest, PermitOutcome, Priority, throttle::Throttle};

/// How long a permit waits for the task that it was given to. A task that is not polled must not keep
/// it from those behind.
const OFFER: Duration = Duration::from_secs(1);
/// With both kinds waiting, each fifth permit goes to bulk work.
const INTERACTIVE_IN_A_ROW: u32 = 4;
/// How many of those who wait watch for permits that end unreported. All of them would wake too often.
const WATCHERS: usize = 16;
/// The shortest sleep, against a loop should a bound be reached and the permit still be missing.
const LEAST_SLEEP: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct State {
    pub(super) throttle: Throttle,
    pub(super) window: Duration,
    /// How many permits of a full limit bulk work leaves to interactive calls.
    pub(super) reserve: usize,
    pub(super) max: usize,
    pub(super) max_waiting: usize,
    /// When the requests of the last window were over, oldest first.
    over: VecDeque<(Duration, Priority)>,
    in_flight: BTreeMap<u64, InFlight>,
    /// Permits that their tasks have not taken yet, and since when.
    offered: BTreeMap<u64, (Waiter, Duration)>,
    interactive: BTreeMap<u64, Waiter>,
    bulk: BTreeMap<u64, Waiter>,
    /// Those who did not take their permit, since nobody polls them.
    asleep: BTreeMap<u64, Waiter>,
    used_by_bulk: usize,
    interactive_in_a_row: u32,
    next_ticket: u64,
    /// The latest time that the clock showed.
    now: Duration,
}

#[derive(Debug)]
struct InFlight {
    priority: Priority,
    started: Duration,
    /// When a request whose end nobody reports is taken for over.
    lease_end: Option<Duration>,
}

#[derive(Debug)]
struct Waiter {
    priority: Priority,
    lease: Option<Duration>,
    gives_up_at: Option<Duration>,
    waker: Option<Waker>,
    /// It knows its moment: it has looked since it is among the first. Who is further behind knows one
    /// that those before it make earlier when they give up.
    knows: bool,
}

/// What a waiting task is to do.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    Go,
    /// To look again at this moment, or when it is woken.
    Wait(Duration),
    /// Its permit comes no earlier than this, which is later than it waits.
    TooLate(Duration),
}

/// Those to wake once the lock is open: a waker may run anything.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl State {
    pub(super) fn new(throttle: Throttle, max: u32, window: Duration) -> Self {
        Self {
            throttle,
            window,
            reserve: max as usize / 10,
            max: max as usize,
            max_waiting: usize::MAX,
            over: VecDeque::new(),
            in_flight: BTreeMap::new(),
            offered: BTreeMap::new(),
            interactive: BTreeMap::new(),
            bulk: BTreeMap::new(),
            asleep: BTreeMap::new(),
            used_by_bulk: 0,
            interactive_in_a_row: 0,
            next_ticket: 0,
            now: Duration::ZERO,
        }
    }

    /// The time, which never goes back whatever the clock does.
    pub(super) fn at(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }

    pub(super) fn waiting(&self) -> usize {
        self.interactive.len() + self.bulk.len() + self.asleep.len()
    }

    /// How many permits of the window are taken.
    pub(super) fn used(&self) -> usize {
        self.over.len() + self.in_flight.len() + self.offered.len()
    }

    fn queue(&self, priority: Priority) -> &BTreeMap<u64, Waiter> {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Bulk => &self.bulk,
        }
    }

    fn queue_mut(&mut self, priority: Priority) -> &mut BTreeMap<u64, Waiter> {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// What bulk work may use of a limit. It leaves its share of the reserve also of a lowered limit, and
    /// at least one permit; a limit of one has nothing to leave.
    fn bulk_part(&self, limit: usize) -> usize {
        let reserve = match self.reserve {
            0 => 0,
            reserve => (reserve * limit / self.max.max(1)).max(1),
        };
        limit.saturating_sub(reserve).max(1)
    }

    /// Adds a task to the queue; the error is how many wait already.
    pub(super) fn join(&mut self, request: &AcquireRequest, now: Duration) -> Result<u64, usize> {
        let waiting = self.waiting();
        if waiting >= self.max_waiting {
            return Err(waiting);
        }
        self.throttle.asked(now);
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let waiter = Waiter {
            priority: request.priority,
            lease: request.lease,
            gives_up_at: request
                .patience
                .map(|patience| now.saturating_add(patience)),
            waker: None,
            knows: false,
        };
        self.queue_mut(request.priority).insert(ticket, waiter);
        Ok(ticket)
    }

    /// Tells a task what to do; `waker` is kept for when it has to wait.
    pub(super) fn look(&mut self, ticket: u64, waker: &Waker, now: Duration) -> (Turn, Wakers) {
        if let Some(waiter) = self.asleep.remove(&ticket) {
            self.queue_mut(waiter.priority).insert(ticket, waiter);
        }
        // It does not have to be woken while it looks.
        if let Some(waiter) = self.waiter(ticket) {
            waiter.waker = None;
        }
        let wakers = self.hand_out(now);
        if let Some((waiter, _)) = self.offered.remove(&ticket) {
            let lease_end = waiter.lease.map(|lease| now.saturating_add(lease));
            let one = InFlight {
                priority: waiter.priority,
                started: now,
                lease_end,
            };
            self.in_flight.insert(ticket, one);
            return (Turn::Go, wakers);
        }
        let Some((priority, gives_up_at)) = self
            .waiter(ticket)
            .map(|waiter| (waiter.priority, waiter.gives_up_at))
        else {
            return (Turn::Wait(now.saturating_add(self.window)), wakers);
        };
        let ahead = self.ahead(ticket, priority);
        let earliest = self.earliest(ahead, priority, now);
        if gives_up_at.is_some_and(|end| earliest > end) {
            return (Turn::TooLate(earliest), wakers);
        }
        let first = self.max;
        if let Some(waiter) = self.waiter(ticket) {
            waiter.waker = Some(waker.clone());
            waiter.knows = ahead < first;
        }
        // While a probe is out nobody knows when it comes back: who is concerned is woken then.
        let bound = match self.throttle.is_probing() {
            true => earliest.max(now.saturating_add(self.window)),
            false => earliest,
        };
        let end = (ahead < WATCHERS).then(|| self.next_end(now)).flatten();
        let until = [Some(bound), end, gives_up_at].into_iter().flatten().min();
        let least = now.saturating_add(LEAST_SLEEP);
        (Turn::Wait(until.unwrap_or(bound).max(least)), wakers)
    }

    fn waiter(&mut self, ticket: u64) -> Option<&mut Waiter> {
        match self.interactive.get_mut(&ticket) {
            Some(waiter) => Some(waiter),
            None => self.bulk.get_mut(&ticket),
        }
    }

    /// How many of its kind are before a task.
    fn ahead(&self, ticket: u64, priority: Priority) -> usize {
        let queue = self.queue(priority);
        match queue.last_key_value() {
            // Who has just come is the last, and a queue can be long.
            Some((last, _)) if *last == ticket => queue.len() - 1,
            _ => queue.range(..ticket).count(),
        }
    }

    /// The earliest moment at which a task can get its permit: never later than it does.
    fn earliest(&self, ahead: usize, priority: Priority, now: Duration) -> Duration {
        let all = self.over.iter().map(|(over, _)| *over);
        let free = self.free_at(
            self.used() + ahead,
            all,
            self.over.len(),
            |limit| limit,
            now,
        );
        let free = match priority {
            Priority::Interactive => free,
            Priority::Bulk => {
                let bulk = |(over, priority): &(Duration, Priority)| {
                    (*priority == Priority::Bulk).then_some(*over)
                };
                let known = self.over.iter().filter_map(bulk).count();
                let ends = self.over.iter().filter_map(bulk);
                let part = |limit| self.bulk_part(limit);
                free.max(self.free_at(self.used_by_bulk + ahead, ends, known, part, now))
            }
        };
        free.max(self.throttle.paused_until())
    }

    /// When a place is free for this number, counted from 0: enough of those before it have left the
    /// window, or the limit has grown, or some of both. `part` is what may be used of a limit.
    fn free_at(
        &self,
        number: usize,
        ends: impl Iterator<Item = Duration>,
        known: usize,
        part: impl Fn(usize) -> usize,
        now: Duration,
    ) -> Duration {
        let full = part(self.max).max(1);
        let unknown = (number + 1).saturating_sub(known + full);
        // What is in flight now leaves the window no earlier than one window from now.
        let windows = u32::try_from(1 + unknown.saturating_sub(1) / full).unwrap_or(u32::MAX);
        let mut earliest = now.saturating_add(self.window.saturating_mul(windows));
        let least = (number + 1).saturating_sub(full);
        let left = std::iter::once(now).chain(ends.map(|end| end.saturating_add(self.window)));
        for (gone, at) in left.enumerate().skip(least) {
            let needed = number + 1 - gone.min(number + 1);
            let Some(limit) = (needed..=self.max).find(|limit| part(*limit) >= needed) else {
                continue;
            };
            let grown = self.throttle.grows_to(limit, now).unwrap_or(earliest);
            earliest = earliest.min(at.max(grown));
            if grown <= at {
                break;
            }
        }
        earliest
    }

    /// The next moment at which a permit ends that nobody gives back.
    fn next_end(&self, now: Duration) -> Option<Duration> {
        let offers = self.offered.values();
        let offers = offers.map(|(_, since)| since.saturating_add(OFFER));
        let leases = self.in_flight.values().filter_map(|one| one.lease_end);
        offers.chain(leases).filter(|end| *end > now).min()
    }

    /// Gives the free permits to those who are first, and returns whom to wake.
    fn hand_out(&mut self, now: Duration) -> Wakers {
        self.expire(now);
        let mut wakers = Wakers::default();
        while let Some(priority) = self.next_priority(now) {
            let Some((ticket, mut waiter)) = self.queue_mut(priority).pop_first() else {
                break;
            };
            match priority {
                Priority::Interactive => self.interactive_in_a_row += 1,
                Priority::Bulk => {
                    self.interactive_in_a_row = 0;
                    self.used_by_bulk += 1;
                }
            }
            wakers.0.extend(waiter.waker.take());
            self.throttle.starts(ticket);
            self.offered.insert(ticket, (waiter, now));
        }
        self.wake_first(&mut wakers, |waiter| !waiter.knows);
        wakers
    }

    /// Wakes some of the first of each kind, as many as a full limit may have.
    fn wake_first(&mut self, wakers: &mut Wakers, concerns: impl Fn(&Waiter) -> bool) {
        let first = self.max;
        for queue in [&mut self.interactive, &mut self.bulk] {
            let some = queue
                .values_mut()
                .take(first)
                .filter(|waiter| concerns(waiter));
            wakers
                .0
                .extend(some.filter_map(|waiter| waiter.waker.take()));
        }
    }

    /// Whose permit is the next one that is free now.
    fn next_priority(&self, now: Duration) -> Option<Priority> {
        if now < self.throttle.paused_until() || self.throttle.is_probing() {
            return None;
        }
        let limit = self.throttle.limit(now);
        if self.used() >= limit {
            return None;
        }
        let interactive = !self.interactive.is_empty();
        let bulk = !self.bulk.is_empty() && self.used_by_bulk < self.bulk_part(limit);
        match (interactive, bulk) {
            (true, true) if self.interactive_in_a_row >= INTERACTIVE_IN_A_ROW => {
                Some(Priority::Bulk)
            }
            (true, _) => Some(Priority::Interactive),
            (false, true) => Some(Priority::Bulk),
            (false, false) => None,
        }
    }

    /// Ends what ends by itself: leases, permits that nobody took, places whose window has passed.
    pub(super) fn expire(&mut self, now: Duration) {
        let ended = |one: &InFlight| one.lease_end.is_some_and(|end| end <= now);
        while let Some(ticket) = key_of(&self.in_flight, ended) {
            if let Some(one) = self.in_flight.remove(&ticket) {
                self.throttle.forget(ticket);
                self.log(one.lease_end.unwrap_or(now), one.priority);
            }
        }
        let lapsed = |(_, since): &(Waiter, Duration)| since.saturating_add(OFFER) <= now;
        while let Some(ticket) = key_of(&self.offered, lapsed) {
            if let Some((waiter, _)) = self.offered.remove(&ticket) {
                self.refund(ticket, waiter.priority);
                self.asleep.insert(ticket, waiter);
            }
        }
        while let Some((over, priority)) = self.over.front() {
            if over.saturating_add(self.window) > now {
                break;
            }
            self.used_by_bulk -= usize::from(*priority == Priority::Bulk);
            self.over.pop_front();
        }
    }

    fn log(&mut self, over: Duration, priority: Priority) {
        let place = self.over.partition_point(|(other, _)| *other <= over);
        self.over.insert(place, (over, priority));
    }

    /// A permit is free again, since no request was made with it.
    fn refund(&mut self, ticket: u64, priority: Priority) {
        self.throttle.forget(ticket);
        self.used_by_bulk -= usize::from(priority == Priority::Bulk);
    }

    /// A task gives up its wait, or the permit that it did not take. The waker is its own, to be
    /// dropped when the lock is open.
    pub(super) fn leave(&mut self, ticket: u64, now: Duration) -> (Option<Waker>, Wakers) {
        let offered = self.offered.remove(&ticket).map(|(waiter, _)| waiter);
        if let Some(waiter) = &offered {
            self.refund(ticket, waiter.priority);
        }
        let waiter = offered
            .or_else(|| self.interactive.remove(&ticket))
            .or_else(|| self.bulk.remove(&ticket))
            .or_else(|| self.asleep.remove(&ticket));
        (waiter.and_then(|waiter| waiter.waker), self.moved_up(now))
    }

    /// The request of a permit is over.
    pub(super) fn completed(
        &mut self,
        ticket: u64,
        outcome: PermitOutcome,
        now: Duration,
    ) -> Wakers {
        let sent = self.used();
        let one = self.in_flight.remove(&ticket);
        let started = one.as_ref().map_or(Duration::ZERO, |one| one.started);
        match one {
            Some(one) if outcome == PermitOutcome::Unsent => self.refund(ticket, one.priority),
            Some(one) => self.log(now, one.priority),
            // Its lease ended before: its place is counted already.
            None => {}
        }
        match outcome {
            PermitOutcome::Unsent => self.moved_up(now),
            PermitOutcome::Unknown => {
                self.throttle.forget(ticket);
                self.hand_out(now)
            }
            PermitOutcome::Responded => {
                let was_probing = self.throttle.is_probing();
                self.throttle.accepted(ticket, now);
                match was_probing {
                    true => self.moved_up(now),
                    false => self.hand_out(now),
                }
            }
            PermitOutcome::Throttled { retry_after } => {
                self.throttle
                    .refused(ticket, started, retry_after, sent, now);
                self.take_back_offers();
                let mut wakers = self.moved_up(now);
                // Those who cannot make it any more have to learn it now, not at their deadline.
                let waiting = self.interactive.values_mut().chain(self.bulk.values_mut());
                for waiter in waiting.filter(|waiter| waiter.gives_up_at.is_some()) {
                    wakers.0.extend(mem::take(&mut waiter.waker));
                }
                wakers
            }
        }
    }

    /// A permit that nobody took before the service said too many requests is not used.
    fn take_back_offers(&mut self) {
        for (ticket, (waiter, _)) in mem::take(&mut self.offered) {
            self.refund(ticket, waiter.priority);
            self.queue_mut(waiter.priority).insert(ticket, waiter);
        }
    }

    /// Hands out, and wakes also those whose moment may be earlier than they know.
    fn moved_up(&mut self, now: Duration) -> Wakers {
        let mut wakers = self.hand_out(now);
        self.wake_first(&mut wakers, |_| true);
        wakers
    }
}

fn key_of<T>(map: &BTreeMap<u64, T>, is_wanted: impl Fn(&T) -> bool) -> Option<u64> {
    map.iter()
        .find(|(_, value)| is_wanted(value))
        .map(|(key, _)| *key)
}
