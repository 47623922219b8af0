//! The queue and the window of the limiter, without its clock and its lock.

mod store;

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    task::Waker,
    time::Duration,
};

use super::{
    AcquireRequest, PermitOutcome, Priority, StoreError,
    link::{Link, OFFER},
    throttle::Throttle,
};

/// The lease of an attempt without a timeout. Nobody may poll it again, so it must end: after longer than
/// a system tries to connect.
const LONG_LEASE: Duration = Duration::from_secs(5 * 60);
const MAX_LEASE: Duration = Duration::from_secs(24 * 60 * 60);
/// While both kinds wait, every fifth permit goes to a bulk call.
const INTERACTIVE_IN_A_ROW: u32 = 4;
/// How many waiting tasks wake when a permit expires. Waking all of them would cost too much.
const WATCHERS: usize = 16;
/// The shortest sleep. Prevents a busy loop if the time is reached and no permit is free.
const LEAST_SLEEP: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct State {
    pub(super) throttle: Throttle,
    pub(super) window: Duration,
    /// How many permits of the full limit bulk calls leave to interactive calls.
    pub(super) reserve: usize,
    pub(super) max: usize,
    pub(super) max_waiting: usize,
    /// The store, of a limiter that several processes share.
    pub(super) link: Option<Link>,
    /// The requests of the last window that have ended, oldest first.
    over: VecDeque<Over>,
    in_flight: BTreeMap<u64, InFlight>,
    /// Requests that count as ended with their lease, and are not reported yet.
    late: BTreeMap<u64, InFlight>,
    /// Granted permits that their tasks have not taken yet, with the time of the grant.
    offered: BTreeMap<u64, (Waiter, Duration)>,
    interactive: BTreeMap<u64, Waiter>,
    bulk: BTreeMap<u64, Waiter>,
    /// Tasks that did not take their permit because they were not polled.
    asleep: BTreeMap<u64, Waiter>,
    used_by_bulk: usize,
    interactive_in_a_row: u32,
    next_ticket: u64,
    /// The latest time that the clock returned.
    now: Duration,
}

/// A request that has ended.
#[derive(Debug)]
struct Over {
    end: Duration,
    priority: Priority,
    /// The number of the permit in the store.
    number: u64,
}

#[derive(Debug)]
struct InFlight {
    priority: Priority,
    number: u64,
    started: Duration,
    /// The time at which the request counts as ended without a report.
    lease_end: Duration,
}

#[derive(Debug)]
struct Waiter {
    priority: Priority,
    /// The number of the granted permit in the store.
    number: u64,
    lease: Duration,
    since: Duration,
    deadline: Option<Duration>,
    waker: Option<Waker>,
    /// The task was polled while among the first, so its wake-up time is right. Further behind, the
    /// time becomes too late when a task ahead leaves.
    is_scheduled: bool,
}

/// What a waiting task does next.
#[derive(Debug)]
pub(super) enum Decision {
    Go,
    /// Poll again at this time, or when woken.
    Wait(Duration),
    /// The permit is free at this time at the earliest, which is after the deadline of the task.
    TooLate(Duration),
    /// The store is away.
    Failed(StoreError),
}

/// Wakers to call after the lock is released, since a waker runs foreign code.
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
            link: None,
            over: VecDeque::new(),
            in_flight: BTreeMap::new(),
            late: BTreeMap::new(),
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

    /// Returns the time, which never goes back even if the clock does.
    pub(super) fn at(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }

    pub(super) fn waiting(&self) -> usize {
        self.interactive.len() + self.bulk.len() + self.asleep.len()
    }

    /// Returns the number of permits in use.
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

    /// Returns how many permits of `limit` bulk calls may use. The reserve shrinks with the limit to one
    /// permit at least; a limit of one has no reserve.
    fn bulk_part(&self, limit: usize) -> usize {
        let reserve = match self.reserve {
            0 => 0,
            reserve => (reserve * limit / self.max.max(1)).max(1),
        };
        limit.saturating_sub(reserve).max(1)
    }

    /// Adds a task to the queue. The error is the number of waiting tasks.
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
            number: 0,
            lease: request.lease.unwrap_or(LONG_LEASE).min(MAX_LEASE),
            since: now,
            deadline: request
                .patience
                .map(|patience| now.saturating_add(patience)),
            waker: None,
            is_scheduled: false,
        };
        self.queue_mut(request.priority).insert(ticket, waiter);
        Ok(ticket)
    }

    /// Decides what a task does next, and keeps `waker` if it has to wait.
    pub(super) fn poll(&mut self, ticket: u64, waker: &Waker, now: Duration) -> (Decision, Wakers) {
        if let Some(waiter) = self.asleep.remove(&ticket) {
            self.queue_mut(waiter.priority).insert(ticket, waiter);
        }
        // The task is running, so `hand_out` does not have to wake it.
        if let Some(waiter) = self.waiter(ticket) {
            waiter.waker = None;
        }
        let wakers = self.hand_out(now);
        if let Some((waiter, _)) = self.offered.remove(&ticket) {
            let one = InFlight {
                priority: waiter.priority,
                number: waiter.number,
                started: now,
                lease_end: now.saturating_add(waiter.lease),
            };
            self.in_flight.insert(ticket, one);
            return (Decision::Go, wakers);
        }
        let Some((priority, deadline)) = self
            .waiter(ticket)
            .map(|waiter| (waiter.priority, waiter.deadline))
        else {
            return (Decision::Wait(now.saturating_add(self.window)), wakers);
        };
        let ahead = self.ahead(ticket, priority);
        let earliest = match &self.link {
            Some(link) => link.earliest(ahead, priority, now),
            None => self.earliest(ahead, priority, now),
        };
        let is_late = deadline.is_some_and(|end| earliest > end);
        if let Some(error) = self.store_error(is_late, now) {
            return (Decision::Failed(error), wakers);
        }
        if is_late {
            return (Decision::TooLate(earliest), wakers);
        }
        let first = self.max;
        if let Some(waiter) = self.waiter(ticket) {
            waiter.waker = Some(waker.clone());
            waiter.is_scheduled = ahead < first;
        }
        let bound = match self.link {
            Some(_) => self.looks_at(ahead, priority, now),
            None => self.unless_probing(earliest, now),
        };
        let end = (ahead < WATCHERS).then(|| self.next_end(now)).flatten();
        let wake_at = [Some(bound), end, deadline].into_iter().flatten().min();
        let least = now.saturating_add(LEAST_SLEEP);
        (Decision::Wait(wake_at.unwrap_or(bound).max(least)), wakers)
    }

    /// The end of a probe is unknown; the task is woken when it ends.
    fn unless_probing(&self, at: Duration, now: Duration) -> Duration {
        match self.throttle.is_probing() {
            true => at.max(now.saturating_add(self.window)),
            false => at,
        }
    }

    fn waiter(&mut self, ticket: u64) -> Option<&mut Waiter> {
        match self.interactive.get_mut(&ticket) {
            Some(waiter) => Some(waiter),
            None => self.bulk.get_mut(&ticket),
        }
    }

    /// Returns the number of tasks of the same priority ahead of a task.
    fn ahead(&self, ticket: u64, priority: Priority) -> usize {
        let queue = self.queue(priority);
        match queue.last_key_value() {
            // A new task is the last one; counting a long queue each time would be slow.
            Some((last, _)) if *last == ticket => queue.len() - 1,
            _ => queue.range(..ticket).count(),
        }
    }

    /// Returns a lower bound of the time at which a task gets its permit.
    fn earliest(&self, ahead: usize, priority: Priority, now: Duration) -> Duration {
        let all = self.over.iter().map(|over| over.end);
        let part = |limit| self.share_of(limit, now);
        let free = self.free_at(self.used() + ahead, all, self.over.len(), part, now);
        let free = match priority {
            Priority::Interactive => free,
            Priority::Bulk => {
                let bulk = |over: &Over| (over.priority == Priority::Bulk).then_some(over.end);
                let known = self.over.iter().filter_map(bulk).count();
                let ends = self.over.iter().filter_map(bulk);
                let part = |limit| self.bulk_part(self.share_of(limit, now));
                free.max(self.free_at(self.used_by_bulk + ahead, ends, known, part, now))
            }
        };
        free.max(self.throttle.paused_until())
    }

    /// Returns the time at which a permit is free for request `number`, counted from 0: enough earlier
    /// requests have left the window, the limit has grown, or both. `part` returns what may be used of
    /// a limit.
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
        // A request in flight leaves the window one window from now at the earliest.
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

    /// Returns the next time at which a permit expires.
    fn next_end(&self, now: Duration) -> Option<Duration> {
        let offers = self.offered.values();
        let offers = offers.map(|(_, since)| since.saturating_add(OFFER));
        let leases = self.in_flight.values().map(|one| one.lease_end);
        offers.chain(leases).filter(|end| *end > now).min()
    }

    /// Grants the free permits to the first tasks, and returns the wakers of these tasks.
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
            waiter.number = self.link.as_mut().map_or(ticket, Link::number);
            self.throttle.starts(ticket);
            self.offered.insert(ticket, (waiter, now));
        }
        self.wake_first(&mut wakers, |waiter| !waiter.is_scheduled);
        wakers
    }

    /// Wakes the selected ones among the first tasks of each priority; a full limit of them at most.
    fn wake_first(&mut self, wakers: &mut Wakers, selects: impl Fn(&Waiter) -> bool) {
        self.wake_some(self.max, wakers, selects);
    }

    fn wake_some(&mut self, first: usize, wakers: &mut Wakers, selects: impl Fn(&Waiter) -> bool) {
        for queue in [&mut self.interactive, &mut self.bulk] {
            let some = queue
                .values_mut()
                .take(first)
                .filter(|waiter| selects(waiter));
            wakers
                .0
                .extend(some.filter_map(|waiter| waiter.waker.take()));
        }
    }

    /// Returns the priority that the next free permit goes to, or `None` if no permit is free.
    fn next_priority(&self, now: Duration) -> Option<Priority> {
        let wanted = self.wanted(now)?;
        match &self.link {
            Some(link) if link.needs_token() => {
                // A permit in hand goes to the task that it fits, and is not returned for the order of priorities.
                let wanted = match link.token_priority()? {
                    Priority::Interactive if !self.interactive.is_empty() => Priority::Interactive,
                    _ => wanted,
                };
                let lease = self.queue(wanted).first_key_value()?.1.lease;
                link.has_token_for(wanted, lease).then_some(wanted)
            }
            _ => Some(wanted),
        }
    }

    /// Returns the priority that may have the next permit, from the store if that has one.
    fn wanted(&self, now: Duration) -> Option<Priority> {
        let mut interactive = !self.interactive.is_empty();
        let mut bulk = !self.bulk.is_empty();
        if self.link.as_ref().is_none_or(Link::counts_itself) {
            if now < self.throttle.paused_until() || self.throttle.is_probing() {
                return None;
            }
            let limit = self.share_of(self.throttle.limit(now), now);
            if self.used() >= limit {
                return None;
            }
            bulk = bulk && self.used_by_bulk < self.bulk_part(limit);
        }
        if let Some(link) = &self.link {
            if link.is_held() {
                return None;
            }
            if link.needs_token() {
                interactive = interactive && link.may_ask(Priority::Interactive, now);
                bulk = bulk && link.may_ask(Priority::Bulk, now);
            }
        }
        match (interactive, bulk) {
            (true, true) if self.interactive_in_a_row >= INTERACTIVE_IN_A_ROW => {
                Some(Priority::Bulk)
            }
            (true, _) => Some(Priority::Interactive),
            (false, true) => Some(Priority::Bulk),
            (false, false) => None,
        }
    }

    /// Removes expired leases, grants that were not taken, and requests that have left the window.
    pub(super) fn expire(&mut self, now: Duration) {
        if let Some(link) = &mut self.link {
            link.tick(now);
        }
        let ended = |one: &InFlight| one.lease_end <= now;
        while let Some(ticket) = key_of(&self.in_flight, ended) {
            if let Some(one) = self.in_flight.remove(&ticket) {
                self.throttle.forget(ticket);
                self.log(one.lease_end, &one);
                self.late.insert(ticket, one);
            }
        }
        let lapsed = |(_, since): &(Waiter, Duration)| since.saturating_add(OFFER) <= now;
        while let Some(ticket) = key_of(&self.offered, lapsed) {
            if let Some((waiter, _)) = self.offered.remove(&ticket) {
                self.refund(ticket, waiter.priority, waiter.number);
                self.asleep.insert(ticket, waiter);
            }
        }
        while let Some(over) = self.over.front() {
            if over.end.saturating_add(self.window) > now {
                break;
            }
            self.used_by_bulk -= usize::from(over.priority == Priority::Bulk);
            self.over.pop_front();
        }
    }

    fn log(&mut self, end: Duration, one: &InFlight) {
        let place = self.over.partition_point(|other| other.end <= end);
        let over = Over {
            end,
            priority: one.priority,
            number: one.number,
        };
        self.over.insert(place, over);
    }

    /// Takes back a request that counted as ended with its lease, since its end is known now.
    fn recall(&mut self, ticket: u64) -> Option<InFlight> {
        let one = self.late.remove(&ticket)?;
        match self.over.iter().position(|over| over.number == one.number) {
            Some(index) => drop(self.over.remove(index)),
            None => self.used_by_bulk += usize::from(one.priority == Priority::Bulk),
        }
        Some(one)
    }

    /// Frees a permit with which no request was made.
    fn refund(&mut self, ticket: u64, priority: Priority, number: u64) {
        if let Some(link) = &mut self.link {
            link.refund(number, priority);
            link.ask_now();
        }
        self.throttle.forget(ticket);
        self.used_by_bulk -= usize::from(priority == Priority::Bulk);
    }

    /// Removes a task that no longer waits, with its permit. Returns the waker of the task, for the
    /// caller to drop after the lock is released.
    pub(super) fn leave(&mut self, ticket: u64, now: Duration) -> (Option<Waker>, Wakers) {
        let offered = self.offered.remove(&ticket).map(|(waiter, _)| waiter);
        if let Some(waiter) = &offered {
            self.refund(ticket, waiter.priority, waiter.number);
        }
        let waiter = offered
            .or_else(|| self.interactive.remove(&ticket))
            .or_else(|| self.bulk.remove(&ticket))
            .or_else(|| self.asleep.remove(&ticket));
        (waiter.and_then(|waiter| waiter.waker), self.moved_up(now))
    }

    /// Records the end of a request.
    pub(super) fn completed(
        &mut self,
        ticket: u64,
        outcome: PermitOutcome,
        now: Duration,
    ) -> Wakers {
        let sent = self.used();
        let one = self.in_flight.remove(&ticket);
        let one = one.or_else(|| self.recall(ticket));
        let started = one.as_ref().map_or(Duration::ZERO, |one| one.started);
        match one {
            Some(one) if outcome == PermitOutcome::Unsent => {
                self.refund(ticket, one.priority, one.number);
            }
            Some(one) => {
                if let Some(link) = &mut self.link {
                    link.report(one.number, one.priority, outcome, one.started, now);
                }
                self.log(now, &one);
            }
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
                    .throttled(ticket, started, retry_after, sent, now);
                self.take_back_offers();
                let mut wakers = self.moved_up(now);
                // A task that misses its deadline now has to fail at once, not at the deadline.
                let waiting = self.interactive.values_mut().chain(self.bulk.values_mut());
                for waiter in waiting.filter(|waiter| waiter.deadline.is_some()) {
                    wakers.0.extend(mem::take(&mut waiter.waker));
                }
                wakers
            }
        }
    }

    /// Takes back granted permits after a 429. Their tasks wait again.
    fn take_back_offers(&mut self) {
        for (ticket, (waiter, _)) in mem::take(&mut self.offered) {
            self.refund(ticket, waiter.priority, waiter.number);
            self.queue_mut(waiter.priority).insert(ticket, waiter);
        }
    }

    /// Grants the free permits, and wakes the first tasks, whose permits may be free earlier now.
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
