use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::Clock;

/// A clock that stands still until a test turns it.
///
/// It wakes nobody: a test polls again after it turned the clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().expect("no panic held it") += by;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.0.lock().expect("no panic held it")
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.now() + duration;
        poll_fn(|_| match self.now() >= end {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}
