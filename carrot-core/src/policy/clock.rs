use std::{
    fmt::Debug,
    future::Future,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

/// The source of time of a client.
///
/// A client reads time only from its clock, so that tests can run in virtual time. `carrot-hyper` has a
/// clock for tokio, `carrot-testing` a virtual one.
///
/// What a clock owes: `now` never goes back, is the same for all threads, and advances by at least the
/// duration of a `sleep` that ended. `sleep` returns at once for zero, never ends for a duration beyond the
/// end of time instead of overflowing, and many can run at once. Dropping a `sleep` frees its timer.
///
/// `sleep` may block its thread; see [`transport`](crate::transport#send-may-block) for what that costs. The
/// client waits with it for the rate limit and between attempts, and bounds each attempt with it.
/// `carrot_testing::conformance` checks a clock of your own.
///
/// New methods of this trait always have a default, so an implementation stays valid.
///
/// A clock for a program that is not async, whose transport blocks too:
///
/// ```
/// use std::{thread, time::{Duration, Instant}};
///
/// use carrot_core::{Clock, async_trait};
///
/// #[derive(Debug)]
/// struct ThreadClock(Instant);
///
/// #[async_trait]
/// impl Clock for ThreadClock {
///     fn now(&self) -> Duration {
///         self.0.elapsed()
///     }
///
///     async fn sleep(&self, duration: Duration) {
///         thread::sleep(duration);
///     }
/// }
/// ```
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the time since a fixed moment that the clock chooses. It never goes back.
    fn now(&self) -> Duration;

    /// Returns the date and time of day: that of the operating system by default. Used only for a date in
    /// `Retry-After` if the response has no `Date`.
    #[expect(clippy::disallowed_methods, reason = "the default of the clock itself")]
    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Waits for `duration`, and never returns earlier. Dropping the future ends the wait.
    async fn sleep(&self, duration: Duration);
}

#[async_trait]
impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn system_time(&self) -> SystemTime {
        (**self).system_time()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }
}

/// Runs `work` for at most `limit` from its first wait on. Returns `None` after the limit, with the work
/// dropped. The wait is not even started for work that is ready at once.
///
/// Pass large futures pinned: the work is moved.
pub(crate) async fn timeout<T>(
    clock: &dyn Clock,
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut sleep = None;
    std::future::poll_fn(move |context| {
        // Polls the work first, so that a response at the very moment of the deadline is not lost.
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        let Some(limit) = limit else {
            return Poll::Pending;
        };
        let sleep = sleep.get_or_insert_with(|| clock.sleep(limit));
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}
