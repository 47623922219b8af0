//! Listening to the realtime service over real sockets.

mod long_poll;
#[cfg(feature = "realtime")]
mod socket;
#[cfg(feature = "realtime")]
mod socket_faults;
#[cfg(feature = "realtime")]
mod socket_server;
#[cfg(feature = "realtime")]
mod socket_to_sandbox;

use std::time::{Duration, Instant};

use carrot_hyper::{Clock, async_trait, realtime::Delivery, types::realtime::RealtimePayload};

/// A millisecond is a second.
#[derive(Clone, Copy, Debug)]
struct Fast(Instant);

impl Fast {
    fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait::async_trait]
impl Clock for Fast {
    fn now(&self) -> Duration {
        self.0.elapsed() * 1000
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / 1000).await;
    }
}

/// The number that a message holds.
fn number(delivery: &Delivery) -> u64 {
    match &delivery.message.payload {
        RealtimePayload::Other(number) => number.as_u64().unwrap(),
        other => panic!("not a number: {other:?}"),
    }
}
