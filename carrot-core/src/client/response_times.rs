//! The response times that this client has measured.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The number of attempts in a row that are kept as one number, the slowest of them.
const IN_A_ROW: u64 = 64;
/// The assumed maximum response time before the first measurement.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// Added to the slowest response time, since the next one may be slower.
const MARGIN: Duration = Duration::from_millis(250);

/// The slowest of the latest 64 to 128 attempts, in microseconds; 0 for none.
#[derive(Debug, Default)]
pub(crate) struct ResponseTimes {
    seen: AtomicU64,
    /// Of the row under way.
    slowest: AtomicU64,
    /// Of the row before.
    slowest_before: AtomicU64,
}

impl ResponseTimes {
    pub(crate) fn saw(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        if self.seen.fetch_add(1, Ordering::Relaxed) % IN_A_ROW == 0 {
            let slowest = self.slowest.swap(0, Ordering::Relaxed);
            self.slowest_before.store(slowest, Ordering::Relaxed);
        }
        self.slowest.fetch_max(micros, Ordering::Relaxed);
    }

    /// Returns the least time before the deadline at which an attempt should still start: the slowest recent
    /// response time with a margin, and never more than an attempt may take. Nine tenths of the time of the
    /// call at most, so that a call that did not have to wait is always tried.
    pub(crate) fn least_useful(&self, call: Duration, attempt: Option<Duration>) -> Duration {
        let slowest = self.slowest.load(Ordering::Relaxed);
        let slowest = slowest.max(self.slowest_before.load(Ordering::Relaxed));
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
            let times = ResponseTimes::default();
            if let Some(slowest) = slowest {
                times.saw(slowest);
                (1..IN_A_ROW).for_each(|_| times.saw(second / 5));
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

    #[test]
    fn slow_response_is_forgotten_after_two_rows() {
        let second = Duration::from_secs(1);
        for before in [0, 1, IN_A_ROW - 1] {
            let times = ResponseTimes::default();
            let saw = |count: u64| (0..count).for_each(|_| times.saw(second));
            let least = || times.least_useful(30 * second, None);
            saw(before);
            times.saw(8 * second);
            saw(IN_A_ROW);
            assert_eq!(least(), second * 41 / 4, "{before}");
            saw(IN_A_ROW);
            assert_eq!(least(), second * 3 / 2, "{before}");
        }
    }
}
