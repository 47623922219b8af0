//! A service behind a bad line, in virtual time: what arrives, what it does, and what comes back are drawn
//! from a seed and written down.

mod mishap;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, Clock as _, HttpTransport, Sent, TransportError,
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
};
use carrot_testing::VirtualClock;
use http::{Request, Response, StatusCode, header::RETRY_AFTER};

use self::mishap::Mishap;

const DAY: Duration = Duration::from_secs(86_400);
/// An attempt with less time cannot be useful: the tests set no shorter timeout.
const LEAST_USEFUL: Duration = Duration::from_millis(100);

/// What the service saw of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Requests handed to the transport.
    pub(super) handed: u32,
    /// Requests that arrived.
    pub(super) arrived: u32,
    /// Requests that were applied.
    pub(super) applied: u32,
}

/// The time in which a request was under way.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) start: Duration,
    pub(super) end: Duration,
    pub(super) is_unsent: bool,
}

pub(super) struct Log {
    random: fastrand::Rng,
    /// Writes, by the id in their path.
    pub(super) writes: BTreeMap<u64, Seen>,
    /// The list of leads, which moves whenever it is read.
    pub(super) leads: Vec<u64>,
    /// When a request arrived, a read or a write.
    pub(super) arrivals: Vec<Duration>,
    pub(super) spans: Vec<Span>,
    /// Requests handed to the transport, by operation.
    pub(super) handed: BTreeMap<&'static str, u32>,
    pub(super) throttled: u32,
    /// What broke a rule here, by the id of the object.
    pub(super) broken: Vec<(u64, String)>,
    /// The earliest time of a retry that the service asked for, by object and operation.
    asked: BTreeMap<(u64, &'static str), Duration>,
    /// The requests under way that may still arrive.
    trips: BTreeMap<u32, Trip>,
}

/// A request under way.
#[derive(Clone)]
struct Trip {
    line: usize,
    id: u64,
    is_write: bool,
    mishap: Mishap,
    /// When it arrives, whoever is polled.
    due: Duration,
    is_read_if_dropped: bool,
}

impl Log {
    /// The request arrives now, or did so before; or its connection is closed, on which it may have been read.
    fn arrive(&mut self, number: u32, now: Duration) {
        let Some(trip) = self.trips.remove(&number) else {
            return;
        };
        if !trip.mishap.arrives() || (now < trip.due && !trip.is_read_if_dropped) {
            return;
        }
        self.arrivals.push(now.min(trip.due));
        if trip.is_write {
            let seen = self.writes.entry(trip.id).or_default();
            seen.arrived += 1;
            seen.applied += u32::from(trip.mishap.applies());
        }
    }

    /// A lead moves, leaves, or is new.
    fn move_leads(&mut self) {
        let count = self.leads.len();
        let place = |random: &mut fastrand::Rng| random.usize(0..count);
        match self.random.u8(0..20) {
            0..4 => {
                let lead = self.leads.remove(place(&mut self.random));
                self.leads.insert(place(&mut self.random), lead);
            }
            4 if count > 4 => drop(self.leads.remove(place(&mut self.random))),
            5 => self.leads.insert(0, self.random.u64(1_000..1_000_000)),
            _ => {}
        }
    }

    fn page(&mut self, query: &str) -> String {
        self.move_leads();
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(found, _)| *found == name);
            found.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let page = self.leads.iter().skip(number("offset").unwrap_or(0));
        let page = page.take(number("limit").expect("a size"));
        let users: Vec<_> = page.map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        let (users, total) = (users.join(","), self.leads.len());
        format!(r#"{{"users":[{users}],"total":{total}}}"#)
    }
}

/// All clones are the same service. Each process has its line to it.
#[derive(Clone)]
pub(super) struct Lossy {
    log: Arc<Mutex<Log>>,
    clock: VirtualClock,
    line: usize,
}

impl Lossy {
    pub(super) fn new(clock: &VirtualClock, seed: u64) -> Self {
        let log = Log {
            random: fastrand::Rng::with_seed(seed),
            writes: BTreeMap::new(),
            leads: (1..=12).collect(),
            arrivals: Vec::new(),
            spans: Vec::new(),
            handed: BTreeMap::new(),
            throttled: 0,
            broken: Vec::new(),
            asked: BTreeMap::new(),
            trips: BTreeMap::new(),
        };
        Self {
            log: Arc::new(Mutex::new(log)),
            clock: clock.clone(),
            line: 0,
        }
    }

    pub(super) fn line(&self, line: usize) -> Self {
        Self {
            line,
            ..self.clone()
        }
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no panic")
    }

    /// The process with this line is killed.
    pub(super) fn cut(&self, line: usize) {
        let now = self.clock.now();
        let mut log = self.log();
        let of_line = log.trips.iter().filter(|(_, trip)| trip.line == line);
        let of_line: Vec<u32> = of_line.map(|(number, _)| *number).collect();
        of_line
            .into_iter()
            .for_each(|number| log.arrive(number, now));
    }

    fn handed(&self, id: u64, is_write: bool, context: &CallContext) -> Guard<'_> {
        let now = self.clock.now();
        let mut log = self.log();
        *log.handed.entry(context.operation).or_default() += 1;
        if is_write {
            log.writes.entry(id).or_default().handed += 1;
        }
        let asked = log.asked.remove(&(id, context.operation));
        if let Some(earliest) = asked.filter(|earliest| context.attempt > 1 && now < *earliest) {
            let text = format!(
                "asked: attempt {} at {now:?}, not before {earliest:?}",
                context.attempt
            );
            log.broken.push((id, text));
        }
        if let Some(left) = context.timeout.filter(|left| *left < LEAST_USEFUL) {
            log.broken
                .push((id, format!("useful: an attempt starts with {left:?} left")));
        }
        let mishap = Mishap::draw(&mut log.random);
        let most = if log.random.u8(0..5) == 0 { 6_000 } else { 400 };
        let mut delay = || Duration::from_millis(log.random.u64(0..most));
        let (there, back) = (delay(), delay());
        // It has left the machine by then, and nobody has to poll it.
        let latest = context.timeout.unwrap_or(Duration::MAX);
        let trip = Trip {
            line: self.line,
            id,
            is_write,
            mishap,
            due: now + there.min(latest),
            is_read_if_dropped: log.random.bool(),
        };
        let number = log.handed.values().sum();
        log.trips.insert(number, trip.clone());
        Guard {
            service: self,
            number,
            trip,
            back,
            start: now,
            is_unsent: false,
        }
    }
}

/// Notes the end of a request, however it ends.
struct Guard<'a> {
    service: &'a Lossy,
    number: u32,
    trip: Trip,
    back: Duration,
    start: Duration,
    is_unsent: bool,
}

impl Guard<'_> {
    async fn go(
        &mut self,
        request: &Request<Body>,
        context: &CallContext,
    ) -> Result<Response<Bytes>, TransportError> {
        let (service, clock, mishap) = (self.service, &self.service.clock, self.trip.mishap);
        clock.sleep(self.trip.due.saturating_sub(clock.now())).await;
        let fails = |kind, sent| Err(TransportError::new(kind, sent));
        match mishap {
            Mishap::NotSent(kind) => return fails(kind, Sent::Never),
            Mishap::Lost => return fails(TransportErrorKind::Reset, Sent::Maybe),
            Mishap::Stuck => clock.sleep(DAY).await,
            _ => service.log().arrive(self.number, clock.now()),
        }
        let data = match (self.trip.is_write, context.operation) {
            (true, _) => r#"{"id":7}"#.to_owned(),
            (false, "apps.leads") => {
                let query = request.uri().query().unwrap_or_default();
                service.log().page(query)
            }
            // Parts, and the dates of nothing: a search for a reply reads all of them.
            (false, _) => {
                let id = self.trip.id;
                let seen = service.log().writes.get(&id).copied().unwrap_or_default();
                let part = |part| format!(r#"{{"id":{},"random_id":{id}}}"#, part + 1);
                let parts: Vec<_> = (0..seen.applied).map(part).collect();
                format!("[{}]", parts.join(","))
            }
        };
        clock.sleep(self.back).await;
        let (status, shape) = match mishap {
            Mishap::Responds { status, shape, .. } => (status, shape),
            Mishap::ResponseLost(kind, sent) => return fails(kind, sent),
            _ => {
                clock.sleep(DAY).await;
                return fails(TransportErrorKind::Reset, Sent::Maybe);
            }
        };
        let mut response = Response::new(shape.body(status, &data));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        let mut log = service.log();
        let is_throttled = shape.status(status) == 429;
        log.throttled += u32::from(is_throttled);
        if (is_throttled || status == 503) && log.random.bool() {
            let system_time = clock.system_time();
            let pause = mishap::ask_to_wait(&mut log.random, &mut response, system_time);
            let earliest = clock.now().saturating_add(pause);
            if self.trip.is_write && response.headers().contains_key(RETRY_AFTER) {
                log.asked
                    .insert((self.trip.id, context.operation), earliest);
            }
        }
        Ok(response)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let end = self.service.clock.now();
        let mut log = self.service.log();
        log.arrive(self.number, end);
        log.spans.push(Span {
            start: self.start,
            end,
            is_unsent: self.is_unsent,
        });
    }
}

#[async_trait]
impl HttpTransport for Lossy {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let id = request.uri().path().split('/').nth(3);
        let id = id.and_then(|id| id.parse().ok()).unwrap_or_default();
        let is_write = request.method() != http::Method::GET;
        let context = request.extensions().get::<CallContext>().expect("a call");
        let mut guard = self.handed(id, is_write, context);
        let (mishap, keeps_time) = (guard.trip.mishap, self.log().random.bool());
        // Some transports leave the timeout to the client.
        let limit = context.timeout.filter(|_| keeps_time);
        let going = guard.go(&request, context);
        let result = match self
            .clock
            .timeout(limit.unwrap_or(Duration::MAX), going)
            .await
        {
            Some(result) => result,
            None => {
                let phase = match mishap {
                    Mishap::NotSent(_) => TimeoutPhase::Connect,
                    _ => TimeoutPhase::Response,
                };
                Err(TransportError::new(
                    TransportErrorKind::Timeout(phase),
                    phase.sent(),
                ))
            }
        };
        let never = |error: &TransportError| error.sent() == Sent::Never;
        guard.is_unsent = result.as_ref().err().is_some_and(never);
        result
    }
}

impl fmt::Debug for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lossy")
    }
}
