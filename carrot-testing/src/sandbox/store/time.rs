use std::{sync::Arc, time::Duration};

use carrot_core::Clock;

/// Where the sandbox takes its time from. Moments are microseconds since 1970.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Time {
    start: i64,
    source: Source,
    /// What was added by hand.
    ahead: i64,
    last_stamp: i64,
}

#[derive(Clone, Debug)]
enum Source {
    /// Every request takes this long.
    Step {
        step: i64,
        elapsed: i64,
    },
    Clock(Arc<dyn Clock>),
}

impl Time {
    pub(in crate::sandbox) fn stepping(start: i64, step: Duration) -> Self {
        Self::new(
            start,
            Source::Step {
                step: to_micros(step),
                elapsed: 0,
            },
        )
    }

    pub(in crate::sandbox) fn of(start: i64, clock: Arc<dyn Clock>) -> Self {
        Self::new(start, Source::Clock(clock))
    }

    fn new(start: i64, source: Source) -> Self {
        Self {
            start,
            source,
            ahead: 0,
            last_stamp: i64::MIN,
        }
    }

    /// A request starts.
    pub(in crate::sandbox) fn step(&mut self) {
        if let Source::Step { step, elapsed } = &mut self.source {
            *elapsed = elapsed.saturating_add(*step);
        }
    }

    pub(in crate::sandbox) fn advance(&mut self, duration: Duration) {
        self.ahead = self.ahead.saturating_add(to_micros(duration));
    }

    /// Goes on from this moment, and from the moment of the change before it.
    pub(in crate::sandbox) fn resume(&mut self, now: i64, last_stamp: i64) {
        self.ahead = self.ahead.saturating_add(now.saturating_sub(self.now()));
        self.last_stamp = last_stamp;
    }

    pub(in crate::sandbox) fn last_stamp(&self) -> i64 {
        self.last_stamp
    }

    pub(in crate::sandbox) fn now(&self) -> i64 {
        let elapsed = match &self.source {
            Source::Step { elapsed, .. } => *elapsed,
            Source::Clock(clock) => to_micros(clock.now()),
        };
        self.start
            .saturating_add(elapsed)
            .saturating_add(self.ahead)
    }

    /// The moment of a change, later than that of every change before it, so that lists in the order
    /// of changes have one order only.
    pub(in crate::sandbox) fn stamp(&mut self) -> i64 {
        self.last_stamp = self.now().max(self.last_stamp.saturating_add(1));
        self.last_stamp
    }
}

fn to_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
