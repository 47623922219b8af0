use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{FailedAttempt, FailureKind, RetryPolicy, after::MAX_RETRY_AFTER};

/// Exponential back-off with jitter. Three attempts, or six while the service is unavailable. Each
/// [kind of failure](FailureKind) counts apart.
///
/// The bound of a pause doubles with each failure of its kind, up to 20 s. It starts at 50 ms after a
/// transient failure, at 1 s after a 429, and at 500 ms while the service is unavailable. The pause is a random
/// time between zero and the bound, so that clients do not retry at the same moment. While the service
/// is unavailable it is at least half of the bound, so that six attempts span at least 7.75 s and a
/// restart of the service fails no call.
///
/// A call without a deadline, such as those of jobs, makes up to twelve attempts with status 429. Their
/// pauses are at least half of the bound and span at least 60 s, a whole window of the rate limit.
///
/// A longer `Retry-After` replaces the pause, up to 24 h. A call whose deadline is earlier fails at once;
/// a job waits.
#[derive(Debug)]
#[must_use = "does nothing until it is passed to a client"]
pub struct ExponentialBackoff {
    /// All kinds of failures count together, up to the largest of the three.
    is_total: bool,
    max_attempts: u32,
    max_unavailable_attempts: u32,
    max_throttled_attempts: u32,
    transient_base: Duration,
    unavailable_base: Duration,
    throttled_base: Duration,
    max_pause: Duration,
    max_retry_after: Duration,
    jitter: Jitter,
}

#[derive(Debug)]
enum Jitter {
    Full(Mutex<fastrand::Rng>),
    None,
}

impl ExponentialBackoff {
    /// Creates the default policy of a client.
    pub fn new() -> Self {
        Self {
            is_total: false,
            max_attempts: 3,
            max_unavailable_attempts: 6,
            max_throttled_attempts: 12,
            transient_base: Duration::from_millis(50),
            unavailable_base: Duration::from_millis(500),
            throttled_base: Duration::from_secs(1),
            max_pause: Duration::from_secs(20),
            max_retry_after: MAX_RETRY_AFTER,
            jitter: Jitter::Full(Mutex::new(fastrand::Rng::new())),
        }
    }

    /// Creates a policy without retries.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// Sets the maximum number of attempts of a call, whatever the failures: then kinds of failure do not
    /// count apart. By default 3, or 6 while the service is unavailable; 0 counts as 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.is_total = true;
        self.max_attempts = attempts.max(1);
        self.max_unavailable_attempts = self.max_attempts;
        self.max_throttled_attempts = self.max_attempts;
        self
    }

    /// Sets the maximum number of attempts with status 429 of a call without a deadline. 12 by default; 0
    /// counts as 1. Call it after [`max_attempts`](Self::max_attempts), which sets all three; a larger
    /// number raises the maximum of all attempts too.
    pub fn max_throttled_attempts(mut self, attempts: u32) -> Self {
        self.max_throttled_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum number of attempts of a call while the service is unavailable. 6 by default; 0
    /// counts as 1. Call it after [`max_attempts`](Self::max_attempts), which sets all three; a larger
    /// number raises the maximum of all attempts too.
    pub fn max_unavailable_attempts(mut self, attempts: u32) -> Self {
        self.max_unavailable_attempts = attempts.max(1);
        self
    }

    /// Sets the bound of the first pause while the service is unavailable. 500 ms by default.
    pub fn unavailable_base(mut self, base: Duration) -> Self {
        self.unavailable_base = base;
        self
    }

    /// Sets the bound of the first pause after a transient failure. 50 ms by default.
    pub fn transient_base(mut self, base: Duration) -> Self {
        self.transient_base = base;
        self
    }

    /// Sets the bound of the first pause after a 429. 1 s by default.
    pub fn throttled_base(mut self, base: Duration) -> Self {
        self.throttled_base = base;
        self
    }

    /// Sets the maximum pause without a `Retry-After`. 20 s by default.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Sets the maximum pause that a `Retry-After` can ask for. 24 h by default.
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.max_retry_after = pause;
        self
    }

    /// Sets the seed of the jitter, for reproducible pauses.
    pub fn seed(mut self, seed: u64) -> Self {
        self.jitter = Jitter::Full(Mutex::new(fastrand::Rng::with_seed(seed)));
        self
    }

    /// Disables the jitter: every pause is as long as its bound. For tests with exact times.
    pub fn without_jitter(mut self) -> Self {
        self.jitter = Jitter::None;
        self
    }
}

impl Default for ExponentialBackoff {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy for ExponentialBackoff {
    fn pause(&self, failed: &FailedAttempt) -> Option<Duration> {
        let is_patient = failed.kind == FailureKind::Throttled && !failed.has_deadline;
        let (max_attempts, base) = match failed.kind {
            FailureKind::Transient => (self.max_attempts, self.transient_base),
            FailureKind::Throttled if is_patient => {
                (self.max_throttled_attempts, self.throttled_base)
            }
            FailureKind::Throttled => (self.max_attempts, self.throttled_base),
            FailureKind::Unavailable => (self.max_unavailable_attempts, self.unavailable_base),
        };
        let of_all = self.max_attempts.max(self.max_unavailable_attempts);
        let of_all = of_all.max(self.max_throttled_attempts);
        if failed.of_kind >= max_attempts || (self.is_total && failed.attempt >= of_all) {
            return None;
        }
        let doublings = failed.of_kind.saturating_sub(1).min(31);
        let bound = base.saturating_mul(1 << doublings).min(self.max_pause);
        let drawn = match &self.jitter {
            Jitter::None => bound,
            Jitter::Full(random) => {
                // No panic can leave the generator inconsistent, so a poisoned lock is usable.
                let draw = random.lock().unwrap_or_else(PoisonError::into_inner).f64();
                match failed.kind {
                    FailureKind::Unavailable => bound.mul_f64(0.5 + draw / 2.0),
                    FailureKind::Throttled if is_patient => bound.mul_f64(0.5 + draw / 2.0),
                    FailureKind::Transient | FailureKind::Throttled => bound.mul_f64(draw),
                }
            }
        };
        // `Retry-After: 0` must not disable the back-off.
        let requested = failed
            .retry_after
            .unwrap_or_default()
            .min(self.max_retry_after);
        Some(drawn.max(requested))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(attempt: u32, kind: FailureKind) -> FailedAttempt {
        FailedAttempt {
            attempt,
            of_kind: attempt,
            ..FailedAttempt::new("users.get", kind)
        }
    }

    #[test]
    fn bound_doubles_up_to_maximum() {
        let policy = ExponentialBackoff::new().without_jitter().max_attempts(100);
        for (kind, pauses) in [
            (FailureKind::Transient, [50, 100, 200, 20_000, 20_000]),
            (
                FailureKind::Unavailable,
                [500, 1_000, 2_000, 20_000, 20_000],
            ),
            (
                FailureKind::Throttled,
                [1_000, 2_000, 4_000, 20_000, 20_000],
            ),
        ] {
            let of = [1, 2, 3, 10, 99].map(|attempt| policy.pause(&failed(attempt, kind)));
            let pauses = pauses.map(|millis| Some(Duration::from_millis(millis)));
            assert_eq!(of, pauses, "{kind:?}");
        }
    }

    #[test]
    fn every_bound_is_configurable() {
        let second = Duration::from_secs(1);
        let policy = ExponentialBackoff::new()
            .without_jitter()
            .max_attempts(100)
            .transient_base(2 * second)
            .unavailable_base(second)
            .throttled_base(3 * second)
            .max_pause(5 * second)
            .max_retry_after(7 * second);
        let pause = |attempt, kind, retry_after| {
            let mut failed = failed(attempt, kind);
            failed.retry_after = retry_after;
            policy.pause(&failed).expect("a pause")
        };
        assert_eq!(pause(1, FailureKind::Transient, None), 2 * second);
        assert_eq!(pause(2, FailureKind::Transient, None), 4 * second);
        assert_eq!(pause(1, FailureKind::Unavailable, None), second);
        assert_eq!(pause(1, FailureKind::Throttled, None), 3 * second);
        assert_eq!(pause(2, FailureKind::Throttled, None), 5 * second);
        let long = Some(60 * second);
        assert_eq!(pause(1, FailureKind::Throttled, long), 7 * second);
    }

    #[test]
    fn stops_after_last_attempt() {
        let policy = ExponentialBackoff::new();
        assert!(policy.pause(&failed(2, FailureKind::Transient)).is_some());
        assert_eq!(policy.pause(&failed(3, FailureKind::Transient)), None);
        assert_eq!(
            ExponentialBackoff::none().pause(&failed(1, FailureKind::Throttled)),
            None
        );
        assert!(policy.pause(&failed(5, FailureKind::Unavailable)).is_some());
        assert_eq!(policy.pause(&failed(6, FailureKind::Unavailable)), None);
        let two = ExponentialBackoff::new().max_unavailable_attempts(2);
        assert_eq!(two.pause(&failed(2, FailureKind::Unavailable)), None);
        assert!(two.pause(&failed(2, FailureKind::Transient)).is_some());
        let zero = ExponentialBackoff::new().max_attempts(0);
        assert_eq!(zero.pause(&failed(1, FailureKind::Transient)), None);
    }

    #[test]
    fn jitter_covers_range_and_is_reproducible() {
        let draws = |seed| -> Vec<Duration> {
            let policy = ExponentialBackoff::new().seed(seed).max_attempts(u32::MAX);
            (0..200)
                .filter_map(|_| policy.pause(&failed(1, FailureKind::Throttled)))
                .collect()
        };
        let first = draws(7);
        assert_eq!(first, draws(7));
        assert_ne!(first, draws(8));
        let bound = Duration::from_secs(1);
        assert!(first.iter().all(|pause| *pause <= bound));
        assert!(first.iter().any(|pause| *pause < bound / 10));
        assert!(first.iter().any(|pause| *pause > bound * 9 / 10));
    }

    #[test]
    fn job_waits_a_minute_for_the_limit() {
        for seed in 0..200 {
            let policy = ExponentialBackoff::new().seed(seed);
            let mut throttled = failed(1, FailureKind::Throttled);
            throttled.has_deadline = false;
            let mut waited = Duration::ZERO;
            while let Some(pause) = policy.pause(&throttled) {
                waited += pause;
                throttled.attempt += 1;
                throttled.of_kind += 1;
            }
            assert!(waited >= Duration::from_secs(60), "{waited:?}");
            assert_eq!(throttled.of_kind, 12);
        }
        let mut throttled = failed(1, FailureKind::Throttled);
        throttled.has_deadline = false;
        assert_eq!(ExponentialBackoff::none().pause(&throttled), None);
        let two = ExponentialBackoff::new().max_throttled_attempts(2);
        assert!(two.pause(&throttled).is_some());
        throttled.of_kind = 2;
        assert_eq!(two.pause(&throttled), None);
    }

    #[test]
    fn each_kind_of_failure_counts_apart() {
        let kinds = [
            (FailureKind::Transient, 3),
            (FailureKind::Throttled, 3),
            (FailureKind::Unavailable, 6),
        ];
        for (kind, most) in kinds {
            for before in 0..20 {
                let after = |policy: ExponentialBackoff, of_kind| {
                    let mut failed = failed(before + of_kind, kind);
                    failed.of_kind = of_kind;
                    policy.pause(&failed)
                };
                let default = ExponentialBackoff::new;
                assert!(after(default(), most - 1).is_some(), "{kind:?}");
                assert_eq!(after(default(), most), None, "{kind:?}");
                // A maximum that is set is one of all.
                let four = || ExponentialBackoff::new().max_attempts(4);
                assert_eq!(after(four(), 1).is_some(), before + 1 < 4, "{kind:?}");
                let ten = four().max_unavailable_attempts(10);
                assert_eq!(after(ten, 1).is_some(), before + 1 < 10, "{kind:?}");
            }
        }
    }

    #[test]
    fn retry_after_is_capped() {
        let policy = ExponentialBackoff::new();
        let mut failed = failed(1, FailureKind::Throttled);
        failed.retry_after = Some(Duration::from_secs(7));
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(7)));
        failed.retry_after = Some(Duration::from_secs(7_200));
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(7_200)));
        failed.retry_after = Some(Duration::MAX);
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(86_400)));

        // A shorter `Retry-After` does not disable the back-off.
        let policy = ExponentialBackoff::new().without_jitter();
        failed.retry_after = Some(Duration::ZERO);
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(1)));
    }
}
