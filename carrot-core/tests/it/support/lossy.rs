//! A service behind a bad line, in virtual time: what arrives, what it does, and what comes back are drawn
//! from a seed and written down.

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
    transport::{CallContext, TransportErrorKind},
};
use carrot_testing::VirtualClock;
use http::{Request, Response, StatusCode};

/// What happens to one request.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    /// It is not sent.
    NotSent(TransportErrorKind),
    /// It is lost on the way, or the service never reads it.
    Lost,
    /// It is never read, and the connection stays open.
    Stuck,
    /// It arrives, and this status comes back.
    Responds {
        status: u16,
        applied: bool,
        readable: bool,
    },
    /// It is applied, and no response comes.
    ResponseLost(TransportErrorKind, Sent),
    /// It is applied, and the connection stays open without a response.
    ResponseStuck,
}

impl Mishap {
    fn draw(random: &mut fastrand::Rng) -> Self {
        let responds = |status, applied| Self::Responds {
            status,
            applied,
            readable: true,
        };
        let unreadable = |status| Self::Responds {
            status,
            applied: true,
            readable: false,
        };
        let mishaps = [
            Self::NotSent(TransportErrorKind::Connect),
            Self::NotSent(TransportErrorKind::Dns),
            Self::NotSent(TransportErrorKind::Reset),
            Self::Lost,
            Self::Stuck,
            responds(400, false),
            responds(408, true),
            responds(429, false),
            responds(429, false),
            responds(500, false),
            responds(500, true),
            responds(502, true),
            responds(503, false),
            responds(504, true),
            responds(302, true),
            unreadable(200),
            unreadable(502),
            Self::ResponseLost(TransportErrorKind::Reset, Sent::Maybe),
            Self::ResponseLost(TransportErrorKind::Truncated, Sent::Yes),
            Self::ResponseStuck,
        ];
        match random.u8(0..100) {
            0..50 => responds(200, true),
            _ => mishaps[random.usize(0..mishaps.len())],
        }
    }

    fn arrives(self) -> bool {
        !matches!(self, Self::NotSent(_) | Self::Lost | Self::Stuck)
    }

    fn applies(self) -> bool {
        match self {
            Self::NotSent(_) | Self::Lost | Self::Stuck => false,
            Self::Responds { applied, .. } => applied,
            Self::ResponseLost(..) | Self::ResponseStuck => true,
        }
    }
}

/// What the service saw of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Requests handed to the transport.
    pub(crate) handed: u32,
    /// Requests that arrived.
    pub(crate) arrived: u32,
    /// Requests that were applied.
    pub(crate) applied: u32,
}

pub(crate) struct Log {
    random: fastrand::Rng,
    /// Writes, by the id in their path.
    pub(crate) writes: BTreeMap<u64, Seen>,
    /// When a request arrived, a read or a write.
    pub(crate) arrivals: Vec<Duration>,
    /// Requests handed to the transport, by operation.
    pub(crate) handed: BTreeMap<&'static str, u32>,
    pub(crate) throttled: u32,
}

/// All clones are the same service.
#[derive(Clone)]
pub(crate) struct Lossy {
    log: Arc<Mutex<Log>>,
    clock: VirtualClock,
}

impl Lossy {
    pub(crate) fn new(clock: &VirtualClock, seed: u64) -> Self {
        let log = Log {
            random: fastrand::Rng::with_seed(seed),
            writes: BTreeMap::new(),
            arrivals: Vec::new(),
            handed: BTreeMap::new(),
            throttled: 0,
        };
        Self {
            log: Arc::new(Mutex::new(log)),
            clock: clock.clone(),
        }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no panic")
    }

    fn arrive(&self, trip: &Trip<'_>) {
        let now = self.clock.now();
        let mut log = self.log();
        log.arrivals.push(now);
        if trip.is_write {
            let seen = log.writes.entry(trip.id).or_default();
            seen.arrived += 1;
            seen.applied += u32::from(trip.mishap.applies());
        }
    }
}

/// A request in flight. Dropping it closes the connection, on which the request may have been read.
struct Trip<'a> {
    service: &'a Lossy,
    id: u64,
    is_write: bool,
    mishap: Mishap,
    is_read_if_dropped: bool,
    is_over: bool,
}

impl Trip<'_> {
    fn arrive(&mut self) {
        self.is_over = true;
        self.service.arrive(self);
    }
}

impl Drop for Trip<'_> {
    fn drop(&mut self) {
        if !self.is_over && self.mishap.arrives() && self.is_read_if_dropped {
            self.arrive();
        }
    }
}

#[async_trait]
impl HttpTransport for Lossy {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let id = request.uri().path().split('/').nth(3);
        let id = id.and_then(|id| id.parse().ok()).unwrap_or_default();
        let is_write = request.method() != http::Method::GET;
        let context = request.extensions().get::<CallContext>().expect("a call");
        let operation = context.operation;
        let millis = Duration::from_millis;
        let (mut trip, there, back) = {
            let mut log = self.log();
            *log.handed.entry(operation).or_default() += 1;
            if is_write {
                log.writes.entry(id).or_default().handed += 1;
            }
            let mishap = Mishap::draw(&mut log.random);
            let trip = Trip {
                service: self,
                id,
                is_write,
                mishap,
                is_read_if_dropped: log.random.bool(),
                is_over: false,
            };
            let most = if log.random.u8(0..5) == 0 { 6_000 } else { 400 };
            let there = millis(log.random.u64(0..most));
            (trip, there, millis(log.random.u64(0..most)))
        };
        let mishap = trip.mishap;
        self.clock.sleep(there).await;
        match mishap {
            Mishap::NotSent(kind) => return Err(TransportError::new(kind, Sent::Never)),
            Mishap::Lost => {
                return Err(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
            }
            Mishap::Stuck => self.clock.sleep(Duration::from_secs(86_400)).await,
            _ => trip.arrive(),
        }
        // Parts, and the dates of nothing: a search for a reply reads all of them.
        let applied = self.log().writes.get(&id).copied().unwrap_or_default();
        self.clock.sleep(back).await;
        let (status, readable) = match mishap {
            Mishap::Responds {
                status, readable, ..
            } => (status, readable),
            Mishap::ResponseLost(kind, sent) => return Err(TransportError::new(kind, sent)),
            _ => {
                self.clock.sleep(Duration::from_secs(86_400)).await;
                return Err(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
            }
        };
        let parts: Vec<_> = (0..applied.applied)
            .map(|part| format!(r#"{{"id":{},"random_id":{id}}}"#, part + 1))
            .collect();
        let body = match (readable, is_write) {
            (false, _) => "<html>".to_owned(),
            (true, false) => format!(
                r#"{{"meta":{{"status":{status},"next_before_position":null}},"data":[{}]}}"#,
                parts.join(",")
            ),
            (true, true) => format!(r#"{{"meta":{{"status":{status}}},"data":{{"id":7}}}}"#),
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        let mut log = self.log();
        if status == 429 {
            log.throttled += 1;
            if log.random.bool() {
                let seconds = log.random.u64(0..4);
                response.headers_mut().insert("retry-after", seconds.into());
            }
        }
        Ok(response)
    }
}

impl fmt::Debug for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lossy")
    }
}
