use std::time::{Duration, Instant};

use carrot_core::{Clock, async_trait};

use crate::sleep;

/// The clock of smol.
#[derive(Debug)]
pub struct SmolClock(Instant);

impl Default for SmolClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for SmolClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(Some(duration)).await;
    }
}
