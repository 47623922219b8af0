//! Limits on time, and the errors of those that passed.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// A limit that passed once a connection was asked for, and the setting that allows more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Expired {
    #[error("the attempt had {0:?} (`attempt_timeout` allows more)")]
    Attempt(Duration),
    #[error("no more of it came for {0:?} (`body_idle_timeout` allows more)")]
    IdleBody(Duration),
}

/// The end of a limit that starts now. A limit beyond the range of `Instant` is unlimited.
pub(crate) fn from_now(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

/// How often the sockets are looked at once more after the deadline.
const LAST_POLLS: u32 = 32;

/// Returns `None` when the deadline passed, with the work dropped.
///
/// A process that was stopped finds the deadline passed and the response in its socket. The runtime
/// may notice the timer first, so the work is polled again, after the runtime has looked at its
/// sockets, before the time is said to be out.
pub(crate) async fn timeout_at<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let Some(deadline) = deadline else {
        return Some(work.await);
    };
    let mut work = pin!(work);
    let mut timer = pin!(sleep_until(deadline));
    let in_time = poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        ready!(timer.as_mut().poll(context));
        Poll::Ready(None)
    });
    if let Some(output) = in_time.await {
        return Some(output);
    }
    for _ in 0..LAST_POLLS {
        tokio::task::yield_now().await;
        let poll = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        });
        if let Some(output) = poll.await {
            return Some(output);
        }
    }
    None
}
