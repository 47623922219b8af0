//! Limits on time, and the errors of those that passed.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// A limit that passed once a connection was asked for, and the setting that allows more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Expired {
    #[error("the attempt had {0:?} (`attempt_timeout` allows more)")]
    Attempt(Duration),
    #[error("no more of it came for {0:?} (`body_idle_timeout` allows more)")]
    IdleBody(Duration),
}

/// The end of a limit that starts now, with one timer for all that is done until then.
pub(crate) struct Deadline<'a> {
    /// `None` without a limit, or with one beyond the range of `Instant`.
    end: Option<Instant>,
    timer: Pin<&'a mut Option<Sleep>>,
}

impl<'a> Deadline<'a> {
    pub(crate) fn new(limit: Option<Duration>, timer: Pin<&'a mut Option<Sleep>>) -> Self {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        Self { end, timer }
    }

    /// Returns `None` when the deadline passed. The caller drops the work then.
    ///
    /// The work is pinned by the caller, since moving a large future costs more than polling it.
    pub(crate) async fn bound<T>(&mut self, work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        bounded(work, self.timer.as_mut(), || self.end.map(sleep_until)).await
    }
}

/// Returns `None` when the work waited for longer than the limit. Pass a large future pinned.
pub(crate) async fn timeout<T>(
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Option<T> {
    bounded(pin!(work), pin!(None), || limit.map(sleep)).await
}

/// How often the sockets are looked at once more after the deadline.
const LAST_POLLS: u32 = 32;
/// No more of them after this time: what lies in a socket is read faster, and what never ends is not read on.
const LAST_POLLS_TAKE: Duration = Duration::from_secs(1);

/// Sets the timer when the work has to wait: most of it is ready at once.
///
/// A process that was stopped finds the deadline passed and the response in its socket. The runtime
/// may notice the timer first, so the work is polled again, after the runtime has looked at its
/// sockets, before the time is said to be out.
async fn bounded<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    mut timer: Pin<&mut Option<Sleep>>,
    start: impl Fn() -> Option<Sleep>,
) -> Option<T> {
    let in_time = poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if timer.is_none() {
            timer.set(start());
        }
        match timer.as_mut().as_pin_mut() {
            // The timer of a task that has used up its budget does not fire: work that is never out of
            // bytes has no budget left whenever it rests.
            Some(timer) if timer.deadline() <= Instant::now() => {}
            Some(timer) => ready!(timer.poll(context)),
            None => return Poll::Pending,
        }
        Poll::Ready(None)
    });
    if let Some(output) = in_time.await {
        return Some(output);
    }
    let passed = Instant::now();
    for _ in 0..LAST_POLLS {
        if passed.elapsed() > LAST_POLLS_TAKE {
            break;
        }
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
