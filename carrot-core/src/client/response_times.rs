//! The response times that this client has measured.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// The number of attempts kept.
const REMEMBERED: usize = 32;
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

    /// Returns the least time before `deadline` at which an attempt should still start: the slowest recent
    /// response time with a margin, but at most half of the deadline, so that calls with a short deadline
    /// are tried.
    pub(crate) fn least_useful(&self, deadline: Duration) -> Duration {
        let slots = self.latest.iter();
        let slowest = slots
            .map(|slot| slot.load(Ordering::Relaxed))
            .max()
            .unwrap_or(0);
        match slowest {
            0 => FIRST_GUESS.min(deadline / 4),
            slowest => {
                let slowest = Duration::from_micros(slowest);
                (slowest + slowest / 4)
                    .saturating_add(MARGIN)
                    .min(deadline / 2)
            }
        }
    }
}
