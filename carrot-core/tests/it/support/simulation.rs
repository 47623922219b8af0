//! Many tasks in virtual time, on one thread and without chance.

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

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The service as far as its rate limit goes: it lists leads, and refuses what exceeds its limit.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    state: Arc<Mutex<State>>,
    transport: Latency,
}

#[derive(Debug, Default)]
struct State {
    /// When a request came that was answered, oldest first.
    answered: Vec<Duration>,
    refused: usize,
}

impl Service {
    /// With so many requests in any minute, and so many leads.
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
        let (told, time) = (Arc::clone(&state), clock.clone());
        let answer = RespondWith::new(move |call| {
            told.lock()
                .expect("no panic")
                .answer(call, time.now(), limit, leads)
        });
        let transport = Latency::new(answer, clock, latency);
        Self { state, transport }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic held it")
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
        self.transport.in_flight()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.transport.most_in_flight()
    }

    /// The most requests that came in any minute.
    pub(crate) fn most_in_a_minute(&self) -> usize {
        most_in(&self.answered(), MINUTE)
    }
}

impl State {
    fn answer(
        &mut self,
        call: &RecordedCall,
        now: Duration,
        limit: usize,
        leads: u64,
    ) -> CannedResponse {
        let begins = self.answered.partition_point(|came| *came + MINUTE <= now);
        if self.answered.len() - begins >= limit {
            self.refused += 1;
            let meta = json!({"status": 429, "error": "TooManyRequests",
                "error_message": format!("Too many by {TOKEN}")});
            let body = json!({"meta": meta, "data": {"email": E_MAIL}});
            return CannedResponse::bytes(StatusCode::TOO_MANY_REQUESTS, body.to_string());
        }
        self.answered.push(now);
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

/// The most of these moments, which stand in their order, within any such window.
pub(crate) fn most_in(moments: &[Duration], window: Duration) -> usize {
    let in_window = |(index, end): (usize, &Duration)| {
        let begins = moments.partition_point(|moment| *moment + window <= *end);
        index + 1 - begins
    };
    moments.iter().enumerate().map(in_window).max().unwrap_or(0)
}

/// Waits for the future for at most so long, and drops it then.
pub(crate) async fn give_up_after<F: Future>(
    clock: &VirtualClock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    clock.timeout(limit, future).await
}

/// A local limiter whose permits are kept, oldest first, so that a test ends them one by one.
#[derive(Debug)]
pub(crate) struct Permits<C: Clock> {
    limiter: LocalRateLimiter<C>,
    taken: Mutex<VecDeque<Permit>>,
}

impl<C: Clock> Permits<C> {
    /// With the whole limit from the start, and all of it for everybody.
    pub(crate) fn new(clock: C, limit: u32, window: Duration) -> Self {
        let limiter = LocalRateLimiter::with_limit(clock, limit, window);
        Self {
            limiter: limiter.start(Start::Full).reserve(0),
            taken: Mutex::default(),
        }
    }

    pub(crate) async fn acquire(&self) {
        let request = AcquireRequest::new("test");
        let permit = self.limiter.acquire(&request).await.expect("a permit");
        self.taken.lock().expect("no panic").push_back(permit);
    }

    /// The oldest request is over.
    pub(crate) fn release(&self) {
        self.complete(PermitOutcome::Responded);
    }

    /// The oldest request is refused with 429.
    pub(crate) fn throttled(&self, retry_after: Option<Duration>) {
        self.complete(PermitOutcome::Throttled { retry_after });
    }

    pub(crate) fn complete(&self, outcome: PermitOutcome) {
        let permit = self.taken.lock().expect("no panic").pop_front();
        permit.expect("a request").complete(outcome);
    }

    /// How many permits there are at once. They are kept.
    pub(crate) fn count(&self) -> usize {
        let mut count = 0;
        while super::poll(std::pin::pin!(self.acquire())).is_ready() {
            count += 1;
            assert!(count < 10_000, "there is no end of permits");
        }
        count
    }

    pub(crate) fn status(&self) -> RateLimitStatus {
        self.limiter.status().expect("it can tell")
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
