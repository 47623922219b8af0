//! How many requests a key may make.
//!
//! The service allows 60 requests a minute for a key, and blocks keys that keep asking for more. So
//! every attempt of a client waits for its place first. All clones of a client share one rate limit.
//! Source: <https://developers.carrotquest.io/webapi/limits>

mod local;

use std::{error::Error, fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use self::local::LocalRateLimiter;

/// Hands out places for requests.
///
/// [`LocalRateLimiter`] counts within one process. To share a budget among machines, implement this over a
/// store that all of them reach.
///
/// Places in such a store are leases: a process that dies never calls [`release`](Self::release), and
/// one that gives up its wait may have taken a place already. So every place has to end by itself: at
/// the latest, the longest attempt and a window after it was taken.
///
/// [`release`](Self::release) and [`throttled`](Self::throttled) are not `async`, since they are called
/// when a call is dropped, too. They must not block: they hand over to a task what the store has to know.
///
/// ```
/// use std::{error::Error, fmt::Debug, sync::{Arc, Mutex, mpsc}, time::Duration};
///
/// use carrot_core::{Clock, RateLimiter};
///
/// type Failure = Box<dyn Error + Send + Sync>;
///
/// /// What the rate limit needs of a store, such as Redis or a database.
/// #[async_trait::async_trait]
/// trait Store: Debug + Send + Sync + 'static {
///     /// Takes a place that ends by itself, or says how long to wait before asking again. In one
///     /// step, as a script or a transaction: others ask at the same time.
///     async fn take(&self) -> Result<Option<Duration>, Failure>;
///
///     /// Gives no place for so long.
///     async fn pause(&self, pause: Duration) -> Result<(), Failure>;
/// }
///
/// #[derive(Debug)]
/// struct SharedQuota<C> {
///     store: Arc<dyn Store>,
///     clock: C,
///     /// To a task of yours that calls `Store::pause`; take a channel of your runtime.
///     pauses: mpsc::Sender<Duration>,
/// }
///
/// #[async_trait::async_trait]
/// impl<C: Clock> RateLimiter for SharedQuota<C> {
///     async fn acquire(&self) -> Result<(), Failure> {
///         while let Some(pause) = self.store.take().await? {
///             self.clock.sleep(pause).await;
///         }
///         Ok(())
///     }
///
///     // The place ends by itself.
///     fn release(&self) {}
///
///     fn throttled(&self, retry_after: Option<Duration>) {
///         // Never blocks. When the task has ended, so has the program.
///         let _ = self.pauses.send(retry_after.unwrap_or(Duration::from_secs(1)));
///     }
/// }
///
/// /// Stands in for the store: 60 places, each for a minute after the longest attempt of 30 s.
/// #[derive(Debug)]
/// struct Memory<C> {
///     clock: C,
///     state: Mutex<State>,
/// }
///
/// #[derive(Debug, Default)]
/// struct State {
///     /// When each place ends, first come first.
///     ends: Vec<Duration>,
///     paused_until: Duration,
/// }
///
/// #[async_trait::async_trait]
/// impl<C: Clock> Store for Memory<C> {
///     async fn take(&self) -> Result<Option<Duration>, Failure> {
///         let mut state = self.state.lock().map_err(|_| "the store broke")?;
///         let now = self.clock.now();
///         state.ends.retain(|end| *end > now);
///         let free = match state.ends.first() {
///             Some(first) if state.ends.len() >= 60 => *first,
///             _ => now,
///         };
///         let free = free.max(state.paused_until);
///         if free > now {
///             return Ok(Some(free - now));
///         }
///         state.ends.push(now + Duration::from_secs(60 + 30));
///         Ok(None)
///     }
///
///     async fn pause(&self, pause: Duration) -> Result<(), Failure> {
///         let mut state = self.state.lock().map_err(|_| "the store broke")?;
///         state.paused_until = state.paused_until.max(self.clock.now() + pause);
///         Ok(())
///     }
/// }
///
/// # use carrot_testing::VirtualClock;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # fn run<T>(future: impl Future<Output = T>) -> T {
/// #     let mut future = pin!(future);
/// #     loop {
/// #         let mut context = Context::from_waker(Waker::noop());
/// #         if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
/// #             return output;
/// #         }
/// #     }
/// # }
/// # run(async {
/// # let clock = VirtualClock::new();
/// let store = Arc::new(Memory { clock: clock.clone(), state: Mutex::default() });
/// let (pauses, to_tell) = mpsc::channel();
/// let machines = [(); 2].map(|()| SharedQuota {
///     store: store.clone(),
///     clock: clock.clone(),
///     pauses: pauses.clone(),
/// });
/// for request in 0..61 {
///     machines[request % 2].acquire().await?;
/// }
/// assert_eq!(clock.now(), Duration::from_secs(90), "60 at once, for all machines");
/// machines[0].throttled(Some(Duration::from_secs(7)));
/// // What the task does.
/// store.pause(to_tell.recv()?).await?;
/// machines[1].acquire().await?;
/// assert_eq!(clock.now(), Duration::from_secs(97));
/// # Ok::<(), Failure>(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait RateLimiter: Debug + Send + Sync + 'static {
    /// Waits for a place. The caller makes one request, and then calls [`release`](Self::release)
    /// once.
    ///
    /// Dropping the future gives up the wait, and the place with it.
    ///
    /// # Errors
    ///
    /// The store of the rate limit failed. The request is not made.
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// The request that had a place is over, or was given up. Must not block.
    fn release(&self);

    /// The service said too many requests: somebody else uses the key too, or its limit is lower
    /// than thought. `retry_after` is how long it asks to wait. Must not block.
    fn throttled(&self, retry_after: Option<Duration>);
}

#[async_trait]
impl<Q: RateLimiter + ?Sized> RateLimiter for Arc<Q> {
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        (**self).acquire().await
    }

    fn release(&self) {
        (**self).release();
    }

    fn throttled(&self, retry_after: Option<Duration>) {
        (**self).throttled(retry_after);
    }
}

/// No limit: for a service of your own, or a sandbox.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoRateLimit {}

impl NoRateLimit {
    /// A rate limit that never waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl RateLimiter for NoRateLimit {
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn release(&self) {}

    fn throttled(&self, _retry_after: Option<Duration>) {}
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Mutex,
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<String>>);

    #[async_trait]
    impl RateLimiter for Told {
        async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            Err("asked".into())
        }

        fn release(&self) {
            self.0.lock().expect("no panic").push("released".to_owned());
        }

        fn throttled(&self, retry_after: Option<Duration>) {
            self.0
                .lock()
                .expect("no panic")
                .push(format!("throttled {retry_after:?}"));
        }
    }

    #[test]
    fn a_shared_quota_is_told_what_each_of_its_owners_is() {
        let shared = Arc::new(Told::default());
        let mut asking = RateLimiter::acquire(&shared);
        let asked = asking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(asked, Poll::Ready(Err(error)) if error.to_string() == "asked"));
        drop(asking);
        RateLimiter::release(&shared);
        RateLimiter::throttled(&shared, Some(Duration::from_secs(3)));
        assert_eq!(
            *shared.0.lock().expect("no panic"),
            ["released", "throttled Some(3s)"]
        );
    }
}
