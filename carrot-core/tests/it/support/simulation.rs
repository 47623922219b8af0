//! Many tasks in virtual time, on one thread and without randomness.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, Clock, HttpTransport, LocalRateLimiter, RateLimiter, TransportError,
    rate_limit::{AcquireError, AcquireRequest, Permit, PermitOutcome, RateLimitStatus, Start},
};
use carrot_testing::{
    CannedResponse, RecordedCall, VirtualClock,
    stub::{Latency, RespondWith},
};
use http::StatusCode;
use serde_json::json;

use super::canary::{E_MAIL, TOKEN};

pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Boxes a future as a task.
pub(crate) fn task<'a, T>(future: impl Future<Output = T> + 'a) -> Task<'a, T> {
    Box::pin(future)
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A service that lists leads and rejects requests above its rate limit.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    state: Arc<Mutex<State>>,
    transport: Latency,
}

#[derive(Debug, Default)]
struct State {
    /// The times of the accepted requests, oldest first.
    accepted: Vec<Duration>,
    rejected: usize,
}

impl Service {
    /// Creates a service of `limit` requests in any minute, with `leads` leads.
    pub(crate) fn new(clock: &VirtualClock, limit: usize, leads: u64) -> Self {
        Self::with_latency(clock, limit, leads, |_| (Duration::ZERO, Duration::ZERO))
    }

    pub(crate) fn with_latency(
        clock: &VirtualClock,
        limit: usize,
        leads: u64,
        latency: fn(request: usize) -> (Duration, Duration),
    ) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (shared, time) = (Arc::clone(&state), clock.clone());
        let service = RespondWith::new(move |call| {
            shared
                .lock()
                .expect("no panic")
                .respond(call, time.now(), limit, leads)
        });
        let transport = Latency::new(service, clock, latency);
        Self { state, transport }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic held it")
    }

    /// Returns the times of the accepted requests.
    pub(crate) fn accepted(&self) -> Vec<Duration> {
        self.state().accepted.clone()
    }

    /// Returns the number of requests that got a 429.
    pub(crate) fn rejected(&self) -> usize {
        self.state().rejected
    }

    /// Returns the number of requests in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.transport.in_flight()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.transport.most_in_flight()
    }

    /// Returns the most accepted requests in any minute.
    pub(crate) fn most_in_a_minute(&self) -> usize {
        most_in(&self.accepted(), MINUTE)
    }
}

impl State {
    fn respond(
        &mut self,
        call: &RecordedCall,
        now: Duration,
        limit: usize,
        leads: u64,
    ) -> CannedResponse {
        let before = self.accepted.partition_point(|came| *came + MINUTE <= now);
        if self.accepted.len() - before >= limit {
            self.rejected += 1;
            let meta = json!({"status": 429, "error": "TooManyRequests",
                "error_message": format!("Too many by {TOKEN}")});
            let body = json!({"meta": meta, "data": {"email": E_MAIL}});
            return CannedResponse::bytes(StatusCode::TOO_MANY_REQUESTS, body.to_string());
        }
        self.accepted.push(now);
        if call.path_template().ends_with("/reply") {
            return CannedResponse::data(json!({"id": 7}));
        }
        if !call.path_template().ends_with("/users") {
            return CannedResponse::ok();
        }
        let number = |name: &str| call.param(name)?.parse::<u64>().ok();
        let offset = number("offset").unwrap_or(0);
        let end = (offset + number("limit").unwrap_or(20)).min(leads);
        let lead = |id| json!({"id": id + 1, "props": {"$email": E_MAIL}});
        let users: Vec<_> = (offset..end).map(lead).collect();
        CannedResponse::data(json!({"users": users, "total": leads}))
    }
}

#[async_trait]
impl HttpTransport for Service {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.transport.send(request).await
    }
}

/// Returns the most of these sorted times in any window.
pub(crate) fn most_in(moments: &[Duration], window: Duration) -> usize {
    let in_window = |(index, end): (usize, &Duration)| {
        let before = moments.partition_point(|moment| *moment + window <= *end);
        index + 1 - before
    };
    moments.iter().enumerate().map(in_window).max().unwrap_or(0)
}

/// A local limiter that keeps its permits, oldest first, so that a test completes them one by one.
#[derive(Debug)]
pub(crate) struct Permits<C: Clock> {
    limiter: LocalRateLimiter<C>,
    taken: Mutex<VecDeque<Permit>>,
}

impl<C: Clock> Permits<C> {
    /// Creates a limiter with the whole limit at once and no reserve.
    pub(crate) fn new(clock: C, limit: u32, window: Duration) -> Self {
        let limiter = LocalRateLimiter::with_limit(clock, limit, window);
        Self {
            limiter: limiter.start(Start::Full).reserve(0),
            taken: Mutex::default(),
        }
    }

    pub(crate) async fn acquire(&self) {
        let mut request = AcquireRequest::new("test");
        request.lease = Some(24 * 60 * MINUTE);
        let permit = self.limiter.acquire(&request).await.expect("a permit");
        self.taken.lock().expect("no panic").push_back(permit);
    }

    /// Completes the oldest request.
    pub(crate) fn release(&self) {
        self.complete(PermitOutcome::Responded);
    }

    /// Completes the oldest request with a 429.
    pub(crate) fn throttled(&self, retry_after: Option<Duration>) {
        self.complete(PermitOutcome::Throttled { retry_after });
    }

    pub(crate) fn complete(&self, outcome: PermitOutcome) {
        let permit = self.taken.lock().expect("no panic").pop_front();
        permit.expect("a request").complete(outcome);
    }

    /// Acquires all free permits and returns their number.
    pub(crate) fn count(&self) -> usize {
        let mut count = 0;
        while super::poll(std::pin::pin!(self.acquire())).is_ready() {
            count += 1;
            assert!(count < 10_000, "endless permits");
        }
        count
    }

    pub(crate) fn status(&self) -> RateLimitStatus {
        self.limiter.status().expect("a status")
    }
}

#[async_trait]
impl<C: Clock> RateLimiter for Permits<C> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Permit, AcquireError> {
        self.limiter.acquire(request).await
    }

    fn status(&self) -> Option<RateLimitStatus> {
        self.limiter.status()
    }
}
