//! How many requests a key may make.
//!
//! The service allows 60 requests a minute for a key, and blocks keys that keep asking for more. So
//! every attempt of a client waits for its place first. All clones of a client share one quota.
//! Source: <https://developers.carrotquest.io/webapi/limits>

mod local;

use std::{error::Error, fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use self::local::LocalQuota;

/// Hands out places for requests.
///
/// [`LocalQuota`] counts within one process. To share a budget among machines, implement this over a
/// store that all of them reach.
#[async_trait]
pub trait Quota: Debug + Send + Sync + 'static {
    /// Waits for a place. The caller makes one request, and then calls [`release`](Self::release)
    /// once.
    ///
    /// Dropping the future gives up the wait, and the place with it.
    ///
    /// # Errors
    ///
    /// The store of the quota failed. The request is not made.
    async fn acquire(&self) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// The request that had a place is over, or was given up.
    fn release(&self);

    /// The service said too many requests: somebody else uses the key too, or its limit is lower
    /// than thought. `retry_after` is how long it asks to wait.
    fn throttled(&self, retry_after: Option<Duration>);
}

#[async_trait]
impl<Q: Quota + ?Sized> Quota for Arc<Q> {
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
pub struct UnlimitedQuota {}

impl UnlimitedQuota {
    /// A quota that never waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl Quota for UnlimitedQuota {
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
    impl Quota for Told {
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
        let mut asking = Quota::acquire(&shared);
        let asked = asking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(asked, Poll::Ready(Err(error)) if error.to_string() == "asked"));
        drop(asking);
        Quota::release(&shared);
        Quota::throttled(&shared, Some(Duration::from_secs(3)));
        assert_eq!(
            *shared.0.lock().expect("no panic"),
            ["released", "throttled Some(3s)"]
        );
    }
}
