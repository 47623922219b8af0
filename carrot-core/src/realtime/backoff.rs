use std::time::Duration;

use crate::retry::MAX_RETRY_AFTER;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_millis(250);

/// Pauses between connections, with full jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    rng: fastrand::Rng,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            failures: 0,
        }
    }

    /// Resets the pauses to the shortest bound, after a connection that worked.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns the number of failed connections since the last one that worked.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the pause after another failure, at least as long as the service asks for, up to a day.
    pub(super) fn pause(&mut self, retry_after: Option<Duration>) -> Duration {
        let pause = self.pause_after(self.failures, retry_after);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// Returns the pause after another failure of what failed that often before, and is counted elsewhere.
    pub(super) fn pause_after(&mut self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let bound = FIRST.saturating_mul(1 << failures.min(6)).min(LONGEST);
        let pause = bound.mul_f64(self.rng.f64()).max(SHORTEST);
        pause.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
    }
}
