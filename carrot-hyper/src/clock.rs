use std::{sync::mpsc, thread, time::Duration};

use async_trait::async_trait;
use carrot_core::Clock;
use tokio::{sync::oneshot, time::Instant};

use crate::runtime;

/// The clock of tokio. Where a test pauses tokio's time, this clock stands still too.
///
/// Where there is no tokio runtime, or none with a timer, it waits on a thread of its own.
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
        match runtime::sleep(duration) {
            Some(sleep) => sleep.await,
            None => sleep_on_thread(duration).await,
        }
    }
}

/// Dropping the future ends the thread.
async fn sleep_on_thread(duration: Duration) {
    let (over, is_over) = oneshot::channel();
    let (held, is_dropped) = mpsc::channel::<()>();
    let waiting = thread::Builder::new().spawn(move || {
        is_dropped.recv_timeout(duration).ok();
        over.send(()).ok();
    });
    match waiting {
        Ok(_) => drop(is_over.await),
        Err(_) => thread::sleep(duration),
    }
    drop(held);
}
