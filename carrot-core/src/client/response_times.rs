//! The response times that this client has measured.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The unit of forgetting, in seconds: a response counts in its own minute and in the next one.
const MINUTE: u64 = 60;
/// The assumed maximum response time before the first measurement.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// Added to the slowest response time, since the next one may be slower.
const MARGIN: Duration = Duration::from_millis(250);

/// The slowest response of this minute and of the one before.
#[derive(Debug, Default)]
pub(crate) struct ResponseTimes(Mutex<Minutes>);

#[derive(Clone, Copy, Debug, Default)]
struct Minutes {
    latest: u64,
    slowest: Duration,
    slowest_before: Duration,
}

impl Minutes {
    fn at(self, now: Duration) -> Self {
        let latest = now.as_secs() / MINUTE;
        let (slowest, slowest_before) = match latest.saturating_sub(self.latest) {
            0 => (self.slowest, self.slowest_before),
            1 => (Duration::ZERO, self.slowest),
            _ => Default::default(),
        };
        Self {
            latest: latest.max(self.latest),
            slowest,
            slowest_before,
        }
    }
}

impl ResponseTimes {
    pub(crate) fn saw(&self, took: Duration, now: Duration) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *minutes = minutes.at(now);
        // Zero says that there was none.
        minutes.slowest = minutes.slowest.max(took).max(Duration::from_micros(1));
    }

    /// Returns the least time before the deadline at which an attempt should still start: the slowest recent
    /// response time with a margin, and never more than an attempt may take. Nine tenths of the time of the
    /// call at most, so that a call that did not have to wait is always tried.
    pub(crate) fn least_useful(
        &self,
        now: Duration,
        call: Duration,
        attempt: Option<Duration>,
    ) -> Duration {
        let minutes = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minutes = minutes.at(now);
        let slowest = minutes.slowest.max(minutes.slowest_before);
        let needed = match slowest.is_zero() {
            true => FIRST_GUESS.min(call / 4),
            false => (slowest + slowest / 4).saturating_add(MARGIN),
        };
        needed.min(attempt.unwrap_or(call)).min(call - call / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn least_time_follows_slowest_response_within_bounds() {
        let least = |slowest: Option<Duration>, call, attempt: Option<u64>| {
            let times = ResponseTimes::default();
            for took in slowest
                .into_iter()
                .flat_map(|slowest| [slowest, SECOND / 5])
            {
                times.saw(took, SECOND);
            }
            times.least_useful(SECOND, call * SECOND, attempt.map(Duration::from_secs))
        };
        assert_eq!(least(None, 30, Some(10)), 2 * SECOND);
        assert_eq!(least(None, 2, Some(10)), SECOND / 2);
        assert_eq!(least(Some(SECOND), 30, Some(10)), SECOND * 3 / 2);
        assert_eq!(least(Some(9 * SECOND), 30, Some(10)), 10 * SECOND);
        assert_eq!(least(Some(9 * SECOND), 5, Some(10)), SECOND * 9 / 2);
        assert_eq!(least(Some(60 * SECOND), 30, None), 27 * SECOND);
    }

    /// Also if no call has a response any more, since each is taken to be too late.
    #[test]
    fn slow_response_is_forgotten_after_two_minutes() {
        for at in [0, 59_u32] {
            for goes_on in [false, true] {
                let times = ResponseTimes::default();
                let least = |now| times.least_useful(now * SECOND, 30 * SECOND, None);
                times.saw(8 * SECOND, at * SECOND);
                for now in at..120 {
                    assert_eq!(least(now), SECOND * 41 / 4, "{at}, {now}");
                    if goes_on {
                        times.saw(SECOND, now * SECOND);
                    }
                }
                let after = if goes_on { SECOND * 3 / 2 } else { 2 * SECOND };
                assert_eq!(least(120), after, "{at}");
            }
        }
    }
}
