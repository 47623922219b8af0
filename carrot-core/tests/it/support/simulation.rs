//! Many tasks in virtual time, on one thread and without chance.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, Clock, HttpTransport, RateLimiter, TransportError};
use carrot_testing::VirtualClock;

use super::canary::{E_MAIL, TOKEN};

pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A future as a task.
pub(crate) fn task<'a, T>(future: impl Future<Output = T> + 'a) -> Task<'a, T> {
    Box::pin(future)
}

/// Runs all tasks to their ends.
pub(crate) fn simulate<T>(clock: &VirtualClock, tasks: Vec<Task<'_, T>>) -> Vec<T> {
    clock.run_all(tasks)
}

/// Runs one task to its end.
pub(crate) fn simulate_one<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    clock.run(future)
}

/// How long a request is on its way to the server, and the answer on its way back.
pub(crate) type Latency = fn(request: usize) -> (Duration, Duration);

/// The service as far as its rate limit goes: it lists leads, and refuses what exceeds its limit.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    clock: VirtualClock,
    limit: usize,
    leads: u64,
    latency: Latency,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: usize,
    in_flight: usize,
    most_in_flight: usize,
    /// When a request came that was answered, oldest first.
    answered: Vec<Duration>,
    refused: usize,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

impl Service {
    /// With so many requests in any minute, and so many leads.
    pub(crate) fn new(clock: &VirtualClock, limit: usize, leads: u64) -> Self {
        Self::with_latency(clock, limit, leads, |_| (Duration::ZERO, Duration::ZERO))
    }

    pub(crate) fn with_latency(
        clock: &VirtualClock,
        limit: usize,
        leads: u64,
        latency: Latency,
    ) -> Self {
        Self(Arc::new(Inner {
            clock: clock.clone(),
            limit,
            leads,
            latency,
            state: Mutex::default(),
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic held it")
    }

    /// When a request came that was answered.
    pub(crate) fn answered(&self) -> Vec<Duration> {
        self.state().answered.clone()
    }

    /// How many requests were refused with 429.
    pub(crate) fn refused(&self) -> usize {
        self.state().refused
    }

    /// How many requests the transport has in its hands now.
    pub(crate) fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.state().most_in_flight
    }

    /// The most requests that came in any minute.
    pub(crate) fn most_in_a_minute(&self) -> usize {
        most_in(&self.answered(), MINUTE)
    }

    fn answer(&self, request: &http::Request<Body>) -> (u16, String) {
        let now = self.0.clock.now();
        let mut state = self.state();
        let begins = state.answered.partition_point(|came| *came + MINUTE <= now);
        if state.answered.len() - begins >= self.0.limit {
            state.refused += 1;
            let meta = format!(
                r#"{{"status":429,"error":"TooManyRequests","error_message":"Too many by {TOKEN}"}}"#
            );
            let body = format!(r#"{{"meta":{meta},"data":{{"email":"{E_MAIL}"}}}}"#);
            return (429, body);
        }
        state.answered.push(now);
        let parameter = |name: &str| {
            let query = request.uri().query().unwrap_or_default();
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let value = pairs.find(|(key, _)| key == name)?.1;
            value.parse::<u64>().ok()
        };
        let path = request.uri().path();
        if path.ends_with("/reply") {
            return (200, r#"{"meta":{"status":200},"data":{"id":7}}"#.to_owned());
        }
        if !path.ends_with("/users") {
            return (200, r#"{"meta":{"status":200},"data":{}}"#.to_owned());
        }
        let offset = parameter("offset").unwrap_or(0);
        let limit = parameter("limit").unwrap_or(20);
        let leads: Vec<String> = (offset..(offset + limit).min(self.0.leads))
            .map(|id| format!(r#"{{"id":{},"props":{{"$email":"{E_MAIL}"}}}}"#, id + 1))
            .collect();
        let total = self.0.leads;
        let leads = leads.join(",");
        let body =
            format!(r#"{{"meta":{{"status":200}},"data":{{"users":[{leads}],"total":{total}}}}}"#);
        (200, body)
    }
}

/// The most of these moments, which stand in their order, within any such window.
pub(crate) fn most_in(moments: &[Duration], window: Duration) -> usize {
    let in_window = |(index, end): (usize, &Duration)| {
        let begins = moments.partition_point(|moment| *moment + window <= *end);
        index + 1 - begins
    };
    moments.iter().enumerate().map(in_window).max().unwrap_or(0)
}

/// Counts a request that is over, or was given up.
struct OnItsWay<'a>(&'a Service);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

#[async_trait]
impl HttpTransport for Service {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let (there, back) = {
            let mut state = self.state();
            state.begun += 1;
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            (self.0.latency)(state.begun)
        };
        let _on_its_way = OnItsWay(self);
        if !there.is_zero() {
            self.0.clock.sleep(there).await;
        }
        let (status, body) = self.answer(&request);
        if !back.is_zero() {
            self.0.clock.sleep(back).await;
        }
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
        Ok(response)
    }
}

/// Waits for the future for at most so long, and drops it then.
pub(crate) async fn give_up_after<F: Future>(
    clock: &VirtualClock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    clock.timeout(limit, future).await
}

/// How many places there are at once.
pub(crate) fn places(rate_limit: &impl RateLimiter) -> usize {
    let mut count = 0;
    while let Poll::Ready(result) = super::poll(std::pin::pin!(rate_limit.acquire())) {
        result.expect("a place");
        count += 1;
        assert!(count < 10_000, "there is no end of places");
    }
    count
}
