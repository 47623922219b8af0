use std::{sync::OnceLock, time::Duration};

use async_trait::async_trait;
use carrot_core::Clock;
use tokio::time::{self, Instant};

/// The time of the machine.
#[derive(Debug)]
pub(crate) struct MachineClock(());

impl MachineClock {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        time::sleep(duration).await;
    }
}
