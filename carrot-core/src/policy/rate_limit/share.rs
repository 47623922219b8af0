//! What a process may use while it does not know what the others use.

use std::time::Duration;

use super::{SharedLimit, throttle::burst_of};

/// The part of the limit that a process uses without the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) since: Duration,
    /// The number of its permits in use then.
    pub(super) used: usize,
    /// A random number below one, for what cannot be divided among all processes.
    pub(super) draw: f64,
}

/// What is divided among how many processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    /// The number of requests allowed in a window now.
    pub(super) limit: usize,
    pub(super) processes: u32,
    pub(super) shared: SharedLimit,
}

impl Whole {
    fn part(&self) -> usize {
        self.limit / self.processes.max(1) as usize
    }
}

impl Share {
    /// Returns the number of permits that this process may use.
    pub(super) fn of(&self, whole: &Whole, now: Duration) -> usize {
        if now < self.frozen_until(whole) {
            // What the others used before is unknown, so this process uses no more than it did: the sum
            // stays within the limit. Processes that were idle may use the burst together.
            let (burst, processes) = (burst_of(whole.shared.max), whole.processes.max(1));
            let drawn = (1.0 - self.draw) * f64::from(processes) <= f64::from(burst);
            let burst = (burst / processes).max(drawn.into());
            return whole.part().max(1).min(self.used.max(burst as usize));
        }
        match whole.part() {
            0 => self.turn(whole, now).is_none().into(),
            part => part,
        }
    }

    /// Returns the time at which the share changes by itself.
    pub(super) fn changes_at(&self, whole: &Whole, now: Duration) -> Option<Duration> {
        match self.frozen_until(whole) {
            frozen if now < frozen => Some(frozen),
            _ if whole.part() == 0 => self.turn(whole, now),
            _ => None,
        }
    }

    fn frozen_until(&self, whole: &Whole) -> Duration {
        self.since.saturating_add(whole.shared.window)
    }

    /// Returns the time of the next request of a process whose share is less than one in a window; `None`
    /// if it is now. Each process makes one in several windows, the first at a random time.
    fn turn(&self, whole: &Whole, now: Duration) -> Option<Duration> {
        let window = whole.shared.window;
        let limit = u32::try_from(whole.limit).unwrap_or(u32::MAX).max(1);
        let interval = window.saturating_mul(whole.processes) / limit;
        let first = self.frozen_until(whole);
        let first = first.saturating_add(interval.mul_f64(self.draw));
        let Some(passed) = now.checked_sub(first) else {
            return Some(first);
        };
        let passed = passed.as_nanos() % interval.as_nanos().max(1);
        // Short, so that of the processes that get work at the same time only some find their turn.
        if passed < window.as_nanos() / 10 {
            return None;
        }
        let passed = u64::try_from(passed).map_or(interval, Duration::from_nanos);
        Some(now.saturating_add(interval.saturating_sub(passed)))
    }
}
