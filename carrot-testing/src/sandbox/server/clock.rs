use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use carrot_core::{Clock, types::Timestamp};
use tokio::time::{self, Instant};

/// The time of the machine.
#[derive(Debug)]
pub(in crate::sandbox) struct MachineClock(());

impl MachineClock {
    pub(in crate::sandbox) fn new() -> Self {
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

/// The date of the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "programs that share no clock with the sandbox have the machine's"
)]
pub(in crate::sandbox) fn today() -> Timestamp {
    SystemTime::now().into()
}
