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
/// The client never asks the operating system, so that a test can run in virtual time. Every runtime has
/// its own way to wait: `carrot-hyper` ships the clock of tokio, `carrot-testing` a virtual one.
///
/// New methods of this trait always have a default, so an implementation stays valid.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time since a moment of the clock's own choice. It never goes back.
    fn now(&self) -> Duration;

    /// The date, for a `Retry-After` date in a response without a `Date`: that of the operating system by
    /// default. Nothing else asks for it.
    #[expect(clippy::disallowed_methods, reason = "the default of the clock itself")]
    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Returns when `duration` has passed, not earlier. Dropping the future ends the wait.
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

/// Runs `work` for at most `limit`; `None` when the time ran out, with the work dropped.
pub(crate) async fn timeout<T>(
    clock: &dyn Clock,
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let Some(limit) = limit else {
        return Some(work.await);
    };
    let mut work = pin!(work);
    let mut sleep = clock.sleep(limit);
    std::future::poll_fn(move |context| {
        // The work goes first: an answer that is there is not thrown away for a deadline that ends
        // at the same moment.
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}
