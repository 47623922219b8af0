//! The end of a replay, and whether it can have brought everything.

use std::time::Duration;

use super::{Phase, Session};
use crate::realtime::{GapReason, Position};

impl Session {
    /// Everything that the service stored has come over this connection. `seconds` is its time.
    pub(super) fn catch_up(&mut self, now: Duration, seconds: Option<u64>, is_date: bool) {
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        if up.caught_up.is_some() {
            self.forget_recent();
            return;
        }
        up.caught_up = Some(now);
        self.cut_replays = 0;
        self.settles = true;
        self.missed = match self.started_at {
            Some(started) => {
                let away = self.away(now, started, seconds, is_date);
                (away > self.retention).then_some((GapReason::Expired, Some(started)))
            }
            None => self.was_live.then_some((GapReason::NoPosition, None)),
        };
        self.was_live = true;
        self.date = None;
        self.forget_recent();
    }

    /// How long nobody listened, up to now. `seconds` is the service's time, surely now where it `is_date`, and of
    /// a message that may be stored otherwise.
    fn away(
        &self,
        now: Duration,
        started: Position,
        seconds: Option<u64>,
        is_date: bool,
    ) -> Duration {
        let heard = self.last_heard.unwrap_or_default().max(started.seconds());
        let by_service = seconds.unwrap_or_default().saturating_sub(heard);
        let by_service = Duration::from_secs(by_service);
        if is_date {
            return by_service;
        }
        let by_clock = self.away_since.map(|since| now.saturating_sub(since));
        let by_date = self.date.and_then(|(then, date)| {
            let date = date.saturating_add(now.saturating_sub(then).as_secs());
            // A clock that is a day off says nothing.
            let is_sound = date.abs_diff(seconds?) < 24 * 60 * 60;
            is_sound.then(|| Duration::from_secs(date.saturating_sub(heard)))
        });
        by_service
            .max(by_clock.unwrap_or_default())
            .max(by_date.unwrap_or_default())
    }
}
