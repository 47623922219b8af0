use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, Clock, HttpTransport, TransportError};
use http::{Request, Response};

use crate::VirtualClock;

type Travel = dyn Fn(usize) -> (Duration, Duration) + Send + Sync;

/// A transport whose requests and responses take their time, and which counts those in flight. All
/// clones are the same transport.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::{Clock, types::UserId, users};
/// use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock, stub::Latency};
///
/// let clock = VirtualClock::manual();
/// let transport = RecordingTransport::new().with_default(CannedResponse::ok());
/// let second = Duration::from_secs(1);
/// let slow = Latency::new(transport, &clock, move |_| (second, second));
/// # let token = carrot_core::AuthToken::new("app.1.token")?;
/// # let client = carrot_core::Client::builder(slow.clone(), clock.clone(), token).build()?;
/// clock.run(client.call(users::UnsubscribeEmail::new(UserId::new(7))))?;
/// assert_eq!(clock.now(), 2 * second);
/// assert_eq!((slow.in_flight(), slow.most_in_flight()), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Latency(Arc<Inner>);

struct Inner {
    transport: Box<dyn HttpTransport>,
    clock: VirtualClock,
    travel: Box<Travel>,
    started: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Latency {
    /// Slows down a transport. The closure gets the number of the request, from 1, and returns how long
    /// the request travels, and then its response.
    pub fn new(
        transport: impl HttpTransport,
        clock: &VirtualClock,
        travel: impl Fn(usize) -> (Duration, Duration) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            transport: Box::new(transport),
            clock: clock.clone(),
            travel: Box::new(travel),
            started: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }))
    }

    /// Returns the number of requests that have no response yet. One that is dropped does not count.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Relaxed)
    }

    /// Returns the greatest number of requests that had no response at the same time.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        self.0.most_in_flight.load(Relaxed)
    }
}

struct InFlight<'a>(&'a Inner);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

#[async_trait]
impl HttpTransport for Latency {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let inner = &*self.0;
        let (there, back) = (inner.travel)(inner.started.fetch_add(1, Relaxed) + 1);
        let now = inner.in_flight.fetch_add(1, Relaxed) + 1;
        inner.most_in_flight.fetch_max(now, Relaxed);
        let _in_flight = InFlight(inner);
        for_a_while(&inner.clock, there).await;
        let response = inner.transport.send(request).await;
        for_a_while(&inner.clock, back).await;
        response
    }
}

/// A duration of zero yields nothing.
async fn for_a_while(clock: &VirtualClock, duration: Duration) {
    if !duration.is_zero() {
        clock.sleep(duration).await;
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
