//! How long the service takes to respond, as far as this client has seen lately.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// How many attempts are remembered.
const REMEMBERED: usize = 32;
/// What an attempt needs before anything was seen, at most.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// Added to the slowest response seen: the next one may be a little slower.
const MARGIN: Duration = Duration::from_millis(250);

/// The times of the latest attempts, in microseconds; 0 is none.
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

    /// The least time in which an attempt of a call with this deadline is worth starting: what the
    /// slowest response of late needed, with a margin. Half of the deadline at most, or a call that
    /// must be fast would never be tried.
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
