use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{FailedAttempt, FailureKind, RetryPolicy};

/// Three attempts, with exponential back-off and full jitter.
///
/// The pause is drawn evenly between nothing and a bound, so that many clients that failed together
/// do not come back together. The bound doubles with each attempt, from 50 ms, or from 1 s when the
/// service said too many requests, up to 20 s. A longer `Retry-After` of the service counts
/// instead of the draw, up to 60 s.
#[derive(Debug)]
#[must_use = "does nothing until it is given to a client"]
pub struct ExponentialBackoff {
    max_attempts: u32,
    transient_base: Duration,
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
    /// The policy that clients use unless told otherwise.
    pub fn new() -> Self {
        Self {
            max_attempts: 3,
            transient_base: Duration::from_millis(50),
            throttled_base: Duration::from_secs(1),
            max_pause: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
            jitter: Jitter::Full(Mutex::new(fastrand::Rng::new())),
        }
    }

    /// One attempt and no more.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// How many attempts a call makes at most; 0 counts as 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The bound of the first pause when no answer came, or a status of 500 and above.
    pub fn transient_base(mut self, base: Duration) -> Self {
        self.transient_base = base;
        self
    }

    /// The bound of the first pause after too many requests.
    pub fn throttled_base(mut self, base: Duration) -> Self {
        self.throttled_base = base;
        self
    }

    /// The bound that no drawn pause exceeds.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// The longest `Retry-After` that is followed; a longer one is cut to it.
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.max_retry_after = pause;
        self
    }

    /// Draws from a seed, so that a run can be repeated.
    pub fn seed(mut self, seed: u64) -> Self {
        self.jitter = Jitter::Full(Mutex::new(fastrand::Rng::with_seed(seed)));
        self
    }

    /// Waits for the whole bound instead of a draw, for tests that say exact times.
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
        if failed.attempt >= self.max_attempts {
            return None;
        }
        let base = match failed.kind {
            FailureKind::Transient => self.transient_base,
            FailureKind::Throttled => self.throttled_base,
        };
        let doublings = failed.attempt.saturating_sub(1).min(31);
        let bound = base.saturating_mul(1 << doublings).min(self.max_pause);
        let drawn = match &self.jitter {
            Jitter::None => bound,
            Jitter::Full(random) => {
                // A draw cannot leave the generator broken, so a poisoned lock is sound.
                bound.mul_f64(random.lock().unwrap_or_else(PoisonError::into_inner).f64())
            }
        };
        // `Retry-After: 0` is no leave to come back at once, again and again.
        let asked = failed
            .retry_after
            .unwrap_or_default()
            .min(self.max_retry_after);
        Some(drawn.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(attempt: u32, kind: FailureKind) -> FailedAttempt {
        FailedAttempt {
            attempt,
            ..FailedAttempt::new("users.get", kind)
        }
    }

    #[test]
    fn the_bound_doubles_up_to_the_maximum() {
        let policy = ExponentialBackoff::new().without_jitter().max_attempts(100);
        let pauses = |kind| {
            [1, 2, 3, 10, 99].map(|attempt| policy.pause(&failed(attempt, kind)).expect("a pause"))
        };
        let millis = Duration::from_millis;
        assert_eq!(
            pauses(FailureKind::Transient),
            [
                millis(50),
                millis(100),
                millis(200),
                millis(20_000),
                millis(20_000)
            ]
        );
        assert_eq!(
            pauses(FailureKind::Throttled),
            [
                millis(1_000),
                millis(2_000),
                millis(4_000),
                millis(20_000),
                millis(20_000)
            ]
        );
    }

    #[test]
    fn every_bound_is_a_setting_of_its_own() {
        let second = Duration::from_secs(1);
        let policy = ExponentialBackoff::new()
            .without_jitter()
            .max_attempts(100)
            .transient_base(2 * second)
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
        assert_eq!(pause(1, FailureKind::Throttled, None), 3 * second);
        assert_eq!(pause(2, FailureKind::Throttled, None), 5 * second);
        let long = Some(60 * second);
        assert_eq!(pause(1, FailureKind::Throttled, long), 7 * second);
    }

    #[test]
    fn gives_up_after_the_last_attempt() {
        let policy = ExponentialBackoff::new();
        assert!(policy.pause(&failed(2, FailureKind::Transient)).is_some());
        assert_eq!(policy.pause(&failed(3, FailureKind::Transient)), None);
        assert_eq!(
            ExponentialBackoff::none().pause(&failed(1, FailureKind::Throttled)),
            None
        );
        let zero = ExponentialBackoff::new().max_attempts(0);
        assert_eq!(zero.pause(&failed(1, FailureKind::Transient)), None);
    }

    #[test]
    fn jitter_spans_its_range_and_follows_its_seed() {
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
    fn retry_after_is_capped() {
        let policy = ExponentialBackoff::new();
        let mut failed = failed(1, FailureKind::Throttled);
        failed.retry_after = Some(Duration::from_secs(7));
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(7)));
        failed.retry_after = Some(Duration::from_secs(86_400));
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(60)));

        // A shorter one than the draw does not switch the back-off off.
        let policy = ExponentialBackoff::new().without_jitter();
        failed.retry_after = Some(Duration::ZERO);
        assert_eq!(policy.pause(&failed), Some(Duration::from_secs(1)));
    }
}
