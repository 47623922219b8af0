//! Many tasks in virtual time, on one thread and without chance.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
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

/// Whether a task asked to be polled. A task is polled only then, so a wake-up that is forgotten stops
/// the simulation.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs all tasks to their ends. When all wait, the clock moves to the first sleep that is due.
///
/// Panics when they wait for something that is no sleep, or when a sleep is due that nobody polls.
pub(crate) fn simulate<T>(clock: &VirtualClock, tasks: Vec<Task<'_, T>>) -> Vec<T> {
    let mut running: Vec<(usize, Task<'_, T>, Arc<Woken>)> = tasks
        .into_iter()
        .enumerate()
        .map(|(index, task)| (index, task, Arc::new(Woken(AtomicBool::new(true)))))
        .collect();
    let mut outputs: Vec<Option<T>> = running.iter().map(|_| None).collect();
    let mut stands_still = false;
    while !running.is_empty() {
        let mut polled = false;
        running.retain_mut(|(index, task, woken)| {
            if !woken.0.swap(false, Ordering::Relaxed) {
                return true;
            }
            polled = true;
            let waker = Waker::from(Arc::clone(woken));
            match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => {
                    outputs[*index] = Some(output);
                    false
                }
                Poll::Pending => true,
            }
        });
        if polled || running.is_empty() {
            continue;
        }
        let next = clock.waiting().first().copied();
        let next = next.expect("the tasks wait for something that is no sleep");
        assert!(
            !(stands_still && next.is_zero()),
            "a sleep is due that nobody polls"
        );
        stands_still = next.is_zero();
        clock.advance(next);
    }
    outputs
        .into_iter()
        .map(|output| output.expect("every task ended"))
        .collect()
}

/// Runs one task to its end.
pub(crate) fn simulate_one<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    simulate(clock, vec![task(future)]).remove(0)
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

/// Polls a future once; when it waits for a sleep, the clock moves to the first that is due.
pub(crate) fn poll_and_turn<F: Future>(
    clock: &VirtualClock,
    future: Pin<&mut F>,
) -> Poll<F::Output> {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let polled = future.poll(&mut Context::from_waker(&waker));
    if polled.is_pending() && !woken.0.load(Ordering::Relaxed) {
        let waiting = clock.waiting();
        clock.advance(*waiting.first().expect("it waits for a sleep"));
    }
    polled
}

/// Waits for the future for at most so long, and drops it then.
pub(crate) async fn give_up_after<F: Future>(
    clock: &VirtualClock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut sleep = clock.sleep(limit);
    std::future::poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
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
