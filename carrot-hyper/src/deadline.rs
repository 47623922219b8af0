//! Limits on time, and what is said when one passed.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

/// A limit that passed once a connection was asked for, and the setting that allows more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Expired {
    #[error(
        "the attempt had {:?} (by `attempt_timeout`, or what was left of `call_timeout`)",
        rounded(*.0)
    )]
    Attempt(Duration),
    #[error("no more of it came for {0:?} (`body_idle_timeout` allows more)")]
    IdleBody(Duration),
}

/// The moment at which a limit that begins now passes. One beyond the end of time is no limit.
pub(crate) fn from_now(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

/// `None` when the deadline passed, with the work dropped.
pub(crate) async fn until<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}

/// Up to whole milliseconds: what is left of a call comes in nanoseconds, which nobody set.
fn rounded(limit: Duration) -> Duration {
    let up = limit.saturating_add(Duration::from_nanos(999_999));
    let rest = up.subsec_nanos() % 1_000_000;
    up.saturating_sub(Duration::from_nanos(rest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_call_is_told_in_whole_milliseconds() {
        for (nanos, told) in [
            (0, "0ns"),
            (1, "1ms"),
            (999_999, "1ms"),
            (1_000_000, "1ms"),
            (9_999_912_345, "10s"),
            (10_000_000_000, "10s"),
            (10_000_000_001, "10.001s"),
        ] {
            let text = Expired::Attempt(Duration::from_nanos(nanos)).to_string();
            assert!(text.contains(&format!("had {told} (")), "{text}");
        }
        let text = Expired::Attempt(Duration::MAX).to_string();
        assert!(text.contains("18446744073709551615.999s"), "{text}");
    }
}
