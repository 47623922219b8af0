use std::time::{Duration, Instant};

use carrot_core::{Clock, async_trait};

/// Waits by holding its thread.
#[derive(Debug)]
pub struct BlockingClock(Instant);

impl Default for BlockingClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for BlockingClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
