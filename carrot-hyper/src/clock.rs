use std::time::Duration;

use async_trait::async_trait;
use carrot_core::Clock;
use tokio::time::Instant;

/// The clock of tokio. Where a test pauses tokio's time, this clock stands still too.
///
/// Waiting needs a tokio runtime with its time driver on; reading the time needs none.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// Creates a clock that counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
