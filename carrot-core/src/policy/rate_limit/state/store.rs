//! What only a limiter with a store does.

use std::time::Duration;

use super::{OFFER, State, WATCHERS, Wakers};
use crate::policy::rate_limit::{
    CompletedPermit, Priority, RateLimitStatus, StoreError,
    link::{Link, Question, StoreResponse},
};

impl State {
    /// Returns how many permits of `limit` this process may use while it counts itself.
    pub(super) fn share_of(&self, limit: usize, now: Duration) -> usize {
        match &self.link {
            Some(link) => link.share_of(limit, now),
            None => limit,
        }
    }

    /// Returns the error for a task that the store keeps from its permit.
    pub(super) fn store_error(&self, is_late: bool, now: Duration) -> Option<StoreError> {
        let link = self.link.as_ref()?;
        match is_late {
            true => link.away_error(Some(self.share_of(self.max, now)), now),
            false => link.rejection(now),
        }
    }

    /// Returns the time at which a task looks again unless it is woken. The first task asks the store;
    /// the others only in case that those before them are not polled.
    pub(super) fn looks_at(&self, ahead: usize, priority: Priority, now: Duration) -> Duration {
        let Some(link) = &self.link else {
            return now;
        };
        let behind = ahead / WATCHERS + usize::from(ahead > 0 || link.is_asking());
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        let asks_at = link
            .asks_at(priority, now)
            .saturating_add(OFFER.saturating_mul(behind));
        if !link.counts_itself() {
            return asks_at;
        }
        let own = self.unless_probing(self.earliest(ahead, priority, now), now);
        let at = match link.needs_token() {
            true => asks_at.max(own),
            false => asks_at.min(own),
        };
        link.share_changes_at(self.throttle.limit(now), now)
            .map_or(at, |change| change.min(at))
    }

    /// Returns the question to ask the store now, and how long it may take.
    pub(in super::super) fn question(&mut self, now: Duration) -> Option<(Question, Duration)> {
        self.expire(now);
        let is_awaited = !self.interactive.is_empty() || !self.bulk.is_empty();
        let first = |priority| {
            let (_, waiter) = self.queue(priority).first_key_value()?;
            let link = self.link.as_ref()?;
            let is_there = link.has_token_for(priority, waiter.lease);
            (!is_there).then_some((priority, now.saturating_sub(waiter.since)))
        };
        let wanted = self.wanted(now).and_then(first);
        let waiters = || self.interactive.values().chain(self.bulk.values());
        let lease = waiters().map(|waiter| waiter.lease).max();
        let waiting = wanted.map_or(0, |(priority, _)| self.queue(priority).len());
        let window = self.window;
        let link = self.link.as_mut()?;
        if !is_awaited || link.is_asking() {
            return None;
        }
        if link.is_away() {
            if !link.may_restore(now) {
                return None;
            }
            let ended = self
                .over
                .iter()
                .map(|over| (over.number, over.priority, over.end));
            let in_flight = self
                .in_flight
                .values()
                .map(|one| (one.number, one.priority, one.lease_end));
            let offered = self.offered.values().map(|(waiter, since)| {
                let lease = waiter.lease.saturating_add(OFFER);
                (waiter.number, waiter.priority, since.saturating_add(lease))
            });
            let own = ended.chain(in_flight).chain(offered);
            let own = own.map(|(number, priority, end)| {
                (
                    number,
                    priority,
                    end.saturating_add(window).saturating_sub(now),
                )
            });
            return Some((link.restore(own, now), link.timeout));
        }
        let (priority, waited) = wanted?;
        let question = link.take(priority, lease?, waited, waiting, now);
        Some((question, link.timeout))
    }

    /// Records the response of the store.
    pub(in super::super) fn responded(&mut self, response: StoreResponse, now: Duration) -> Wakers {
        self.expire(now);
        let used = self.used();
        let pause = self.throttle.paused_until().saturating_sub(now);
        if let Some(link) = &mut self.link {
            link.responded(response, used, pause, now);
        }
        let mut wakers = self.hand_out(now);
        // They know when to ask next.
        self.wake_some(1, &mut wakers, |_| true);
        // A task that misses its deadline now has to fail at once, not at the deadline.
        for priority in [Priority::Interactive, Priority::Bulk] {
            let Some(link) = &self.link else {
                break;
            };
            let queue = match priority {
                Priority::Interactive => &mut self.interactive,
                Priority::Bulk => &mut self.bulk,
            };
            for (ahead, waiter) in queue.values_mut().enumerate() {
                let bound = link.earliest(ahead, priority, now);
                if waiter.deadline.is_some_and(|end| end < bound) || link.rejection(now).is_some() {
                    wakers.0.extend(waiter.waker.take());
                }
            }
        }
        wakers
    }

    /// Wakes tasks that drive a question to the store.
    pub(in super::super) fn wake_drivers(&mut self) -> Wakers {
        let mut wakers = Wakers::default();
        self.wake_some(WATCHERS, &mut wakers, |_| true);
        wakers
    }

    /// Abandons the question and the permit in hand if nobody waits. Returns true if it did.
    pub(in super::super) fn abandons(&mut self) -> bool {
        let is_awaited = !self.interactive.is_empty() || !self.bulk.is_empty();
        match &mut self.link {
            Some(link) if !is_awaited => {
                link.abandon();
                link.return_token();
                true
            }
            _ => false,
        }
    }

    /// Returns what the store told last, or what this process counts itself. Frees what has expired and
    /// grants nothing: a grant has to wake the task that it is for.
    pub(in super::super) fn status(&mut self, now: Duration) -> RateLimitStatus {
        self.expire(now);
        let paused = self.throttle.paused_until().saturating_sub(now);
        let limit = self.share_of(self.throttle.limit(now), now);
        let mut status = RateLimitStatus {
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            window: self.window,
            used: u32::try_from(self.used()).unwrap_or(u32::MAX),
            waiting: self.waiting(),
            paused_for: (!paused.is_zero()).then_some(paused),
        };
        if let Some(told) = self.link.as_ref().and_then(Link::told) {
            status.limit = told.limit;
            status.used = told.used;
            status.paused_for = told.paused_for.or(status.paused_for);
        }
        status
    }

    pub(in super::super) fn take_reports(&mut self) -> Vec<CompletedPermit> {
        self.link
            .as_mut()
            .map(Link::take_reports)
            .unwrap_or_default()
    }
}
