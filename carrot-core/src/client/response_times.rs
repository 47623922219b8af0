//! The response times that this client has measured.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// The number of attempts kept.
const REMEMBERED: usize = 64;
/// The assumed maximum response time before the first measurement.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// Added to the slowest response time, since the next one may be slower.
const MARGIN: Duration = Duration::from_millis(250);

/// The response times of the latest attempts in microseconds; 0 for an empty slot.
#[derive(Debug)]
pub(crate) struct ResponseTimes {
    latest: [AtomicU64; REMEMBERED],
    next: AtomicUsize,
}

impl ResponseTimes {
    pub(crate) fn new() -> Self {
        Self {
            latest: [const { AtomicU64::new(0) }; REMEMBERED],
            next: AtomicUsize::new(0),
        }
    }

    pub(crate) fn saw(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let place = self.next.fetch_add(1, Ordering::Relaxed) % REMEMBERED;
        if let Some(slot) = self.latest.get(place) {
            slot.store(micros, Ordering::Relaxed);
        }
    }

    /// Returns the least time before the deadline at which an attempt should still start: the slowest recent
    /// response time with a margin, and never more than an attempt may take. Nine tenths of the time of the
    /// call at most, so that a call that did not have to wait is always tried.
    pub(crate) fn least_useful(&self, call: Duration, attempt: Option<Duration>) -> Duration {
        let slots = self.latest.iter();
        let slowest = slots
            .map(|slot| slot.load(Ordering::Relaxed))
            .max()
            .unwrap_or(0);
        let needed = match slowest {
            0 => FIRST_GUESS.min(call / 4),
            slowest => {
                let slowest = Duration::from_micros(slowest);
                (slowest + slowest / 4).saturating_add(MARGIN)
            }
        };
        needed.min(attempt.unwrap_or(call)).min(call - call / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_time_follows_slowest_response_within_bounds() {
        let second = Duration::from_secs(1);
        let least = |slowest: Option<Duration>, call, attempt: Option<u64>| {
            let times = ResponseTimes::new();
            if let Some(slowest) = slowest {
                times.saw(slowest);
                (1..REMEMBERED).for_each(|_| times.saw(second / 5));
            }
            times.least_useful(call * second, attempt.map(Duration::from_secs))
        };
        assert_eq!(least(None, 30, Some(10)), 2 * second);
        assert_eq!(least(None, 2, Some(10)), second / 2);
        assert_eq!(least(Some(second), 30, Some(10)), second * 3 / 2);
        assert_eq!(least(Some(9 * second), 30, Some(10)), 10 * second);
        assert_eq!(least(Some(9 * second), 5, Some(10)), second * 9 / 2);
        assert_eq!(least(Some(60 * second), 30, None), 27 * second);
    }
}
