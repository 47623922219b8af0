use std::{
    collections::HashMap,
    fmt,
    io::Write as _,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::ThreadId,
    time::Duration,
};

use bytes::Bytes;
use carrot_core::{
    Body, HttpTransport,
    Sent::{self, Maybe, Never, Yes},
    TransportError,
    transport::{
        CallContext, TimeoutPhase,
        TransportErrorKind::{Other, Protocol, Rejected, Reset, Timeout, Tls, TooLarge, Truncated},
        sources,
    },
};
use carrot_testing::conformance::{BuildError, Capability, Setup, Stack, Work};
use http::{Request, Response, header};
use tokio::{io::AsyncWriteExt, runtime::Runtime};

use super::{
    breaks::{Break, Mutant},
    http2,
    io::{Conn, lost, open, tls},
    message::{self, Limits},
};

/// A stack over the reference, broken in one way.
#[derive(Debug)]
pub(crate) struct ReferenceStack {
    breaks: Break,
    runtime: Runtime,
}

impl ReferenceStack {
    pub(crate) fn new(breaks: Break) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self {
            breaks,
            runtime: runtime.unwrap(),
        }
    }
}

impl Stack for ReferenceStack {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let shared = Reference {
            mutant: Mutant {
                breaks: self.breaks,
                tls: tls(self.breaks, setup.root_certificate_pem, setup.http2),
                gzip: setup.gzip,
            },
            pool: Mutex::default(),
            streams: Mutex::default(),
            poisoned: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            one: tokio::sync::Mutex::new(()),
            cookie: Mutex::default(),
            other: Mutex::default(),
            thread: Mutex::default(),
            socket: Mutex::default(),
            runtime: self.runtime.handle().clone(),
        };
        Ok(Box::new(Shared(Arc::new(shared))))
    }

    fn run(&self, work: Work<'_>) {
        self.runtime.block_on(work);
    }

    fn can(&self, _: Capability) -> bool {
        true
    }
}

type Key = (bool, String);

/// HTTP/1.1, HTTP/2, TLS and gzip in as little as keeps every MUST.
pub(crate) struct Reference {
    mutant: Mutant,
    pool: Mutex<HashMap<Key, Vec<Conn>>>,
    streams: Mutex<HashMap<Key, h2::client::SendRequest<Bytes>>>,
    poisoned: AtomicBool,
    under_way: AtomicUsize,
    one: tokio::sync::Mutex<()>,
    cookie: Mutex<Option<String>>,
    /// For the mutants that remember what they must not.
    other: Mutex<Bytes>,
    thread: Mutex<Option<ThreadId>>,
    socket: Mutex<Option<std::net::TcpStream>>,
    runtime: tokio::runtime::Handle,
}

#[derive(Clone)]
struct Shared(Arc<Reference>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.other.lock().unwrap();
        let shown = if self.0.is(Break::LeaksTokenInDebug) {
            &*shown
        } else {
            &b""[..]
        };
        write!(
            f,
            "Reference({:?}, {})",
            self.0.mutant.breaks,
            String::from_utf8_lossy(shown)
        )
    }
}

type Sending<'s> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 's>>;

impl HttpTransport for Shared {
    fn send<'life0, 'async_trait>(&'life0 self, request: Request<Body>) -> Sending<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let this = Arc::clone(&self.0);
        match self.0.mutant.breaks {
            Break::StartsEarly => {
                let started = self
                    .0
                    .runtime
                    .spawn(async move { this.limited(request).await });
                Box::pin(async { started.await.unwrap() })
            }
            Break::Detached => Box::pin(async {
                tokio::spawn(async move { this.limited(request).await })
                    .await
                    .unwrap()
            }),
            Break::BlocksThread => Box::pin(async {
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current()
                        .block_on(async move { this.limited(request).await })
                })
            }),
            _ => Box::pin(async move { this.limited(request).await }),
        }
    }
}

/// How far an attempt came, for when its time is over.
#[derive(Clone, Copy)]
struct Stage(TimeoutPhase, Sent);

/// Knows of an attempt that was dropped before its end.
struct Unfinished<'r> {
    of: &'r Arc<Reference>,
    request: Option<Request<Body>>,
    done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.of.under_way.fetch_sub(1, Ordering::SeqCst);
        if self.done {
            return;
        }
        if self.of.is(Break::PoisonedByUnfinished) {
            self.of.poisoned.store(true, Ordering::SeqCst);
        }
        if let (Break::ResendsDropped, Some(request)) = (self.of.mutant.breaks, self.request.take())
        {
            let of = Arc::clone(self.of);
            self.of.runtime.spawn(async move {
                let stage = Mutex::new(Stage(TimeoutPhase::Connect, Never));
                let limits = Limits {
                    cap: None,
                    idle: None,
                };
                of.exchange(&request, limits, &stage).await.ok();
            });
        }
    }
}

/// A connection in use. It goes back where it came from when its response was read to the end.
struct Lease<'r> {
    of: &'r Reference,
    key: Key,
    conn: Option<Conn>,
    in_step: bool,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else {
            return;
        };
        if self.in_step || self.of.is(Break::ReusesUnfinished) {
            conn.kept = true;
            let mut pool = self.of.pool.lock().unwrap();
            pool.entry(self.key.clone()).or_default().push(conn);
        } else if self.of.is(Break::KeepsTooLargeOpen) {
            let mut pool = self.of.pool.lock().unwrap();
            pool.entry((false, "never asked for".to_owned()))
                .or_default()
                .push(conn);
        }
    }
}

impl Reference {
    fn is(&self, breaks: Break) -> bool {
        self.mutant.is(breaks)
    }

    /// One attempt within its time, as the mutant reports it.
    async fn limited(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, TransportError> {
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(TransportError::new(Other, Never).with_source("poisoned"));
        }
        if self.is(Break::BoundToThread) {
            let here = std::thread::current().id();
            if *self.thread.lock().unwrap().get_or_insert(here) != here {
                return Err(TransportError::new(Rejected, Never).with_source("another thread"));
            }
        }
        if self.is(Break::LeaksTokenInDebug) {
            let token = request.headers().get(header::AUTHORIZATION);
            *self.other.lock().unwrap() =
                token.map_or_else(Bytes::new, |token| Bytes::copy_from_slice(token.as_bytes()));
        }
        let many = self.under_way.fetch_add(1, Ordering::SeqCst) > 0;
        let mut unfinished = Unfinished {
            of: &self,
            request: self.is(Break::ResendsDropped).then(|| request.clone()),
            done: false,
        };
        let one = match self.is(Break::OneAtATime) {
            true => Some(self.one.lock().await),
            false => None,
        };
        let sent = self.timed(&request).await;
        drop(one);
        unfinished.done = !matches!(&sent, Err(error) if matches!(error.kind(), Timeout(_)));
        self.reported(sent, &request, many)
    }

    fn reported(
        &self,
        sent: Result<Response<Bytes>, TransportError>,
        request: &Request<Body>,
        many: bool,
    ) -> Result<Response<Bytes>, TransportError> {
        let error = match sent {
            Ok(response) if self.is(Break::StatusAsError) && response.status().as_u16() >= 400 => {
                return Err(TransportError::new(Other, Yes).with_source("a status"));
            }
            Ok(response) if self.is(Break::MixesUp) && many => {
                let (head, body) = response.into_parts();
                let other = std::mem::replace(&mut *self.other.lock().unwrap(), body);
                return Ok(Response::from_parts(head, other));
            }
            Ok(response) if self.is(Break::ReadsTextBody) => {
                return Ok(response.map(|body| String::from_utf8_lossy(&body).into_owned().into()));
            }
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let (mut kind, mut sent) = (error.kind(), error.sent());
        match self.mutant.breaks {
            Break::AlwaysNever => sent = Never,
            Break::AlwaysYes => sent = Yes,
            Break::AlwaysMaybe => sent = Maybe,
            Break::ErrorsAsOther => kind = Other,
            Break::ResponseTimeoutAsNever if kind == Timeout(TimeoutPhase::Response) => {
                sent = Never;
            }
            Break::ConnectTimeoutAsMaybe if kind == Timeout(TimeoutPhase::Connect) => sent = Maybe,
            Break::LeaksRequestInError => {
                let leak = format!("{:?}", request.headers().get(header::AUTHORIZATION));
                return Err(TransportError::new(kind, sent).with_source(leak));
            }
            _ => {}
        }
        match error.source_of_its_own() {
            Some(text) => Err(TransportError::new(kind, sent).with_source(text)),
            None => Err(TransportError::new(kind, sent)),
        }
    }

    async fn timed(&self, request: &Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let context = request.extensions().get::<CallContext>();
        let mut limit = context.and_then(|context| context.timeout);
        let mut limits = Limits {
            cap: context.and_then(|context| context.max_body_bytes),
            idle: context.and_then(|context| context.body_idle_timeout),
        };
        match self.mutant.breaks {
            Break::IgnoresTimeout => limit = None,
            Break::EarlyTimeout => limit = limit.map(|limit| limit / 4),
            Break::OwnTimeout => limit = limit.map(|limit| limit.min(Duration::from_secs(1))),
            Break::ZeroIsUnlimited => limit = limit.filter(|limit| !limit.is_zero()),
            Break::IdleIgnored => limits.idle = None,
            Break::OwnCap => limits.cap = Some(limits.cap.unwrap_or(u64::MAX).min(16 << 20)),
            Break::OverflowsTime => {
                if let Some(limit) = limit {
                    let _ = tokio::time::Instant::now() + limit;
                }
            }
            _ => {}
        }
        let stage = Mutex::new(Stage(TimeoutPhase::Connect, Never));
        let exchange = self.repeated(request, limits, &stage);
        match limit {
            None => exchange.await,
            Some(_) if self.is(Break::TimeOfHeadOnly) => exchange.await,
            Some(limit) => match tokio::time::timeout(limit, exchange).await {
                Ok(sent) => sent,
                Err(passed) => {
                    let Stage(phase, sent) = *stage.lock().unwrap();
                    Err(TransportError::new(Timeout(phase), sent).with_source(passed))
                }
            },
        }
    }

    /// Once; the mutants that repeat do so here.
    async fn repeated(
        &self,
        request: &Request<Body>,
        limits: Limits,
        stage: &Mutex<Stage>,
    ) -> Result<Response<Bytes>, TransportError> {
        let sent = self.exchange(request, limits, stage).await;
        let again = match (&sent, self.mutant.breaks) {
            (Ok(response), Break::RetriesOn429) => response.status() == 429,
            (Ok(response), Break::RetriesOn5xx) => response.status().is_server_error(),
            (Ok(response), Break::MeetsChallenges) => response.status() == 401,
            (Err(error), Break::RetriesReset) => error.kind() == Reset && error.sent() == Maybe,
            _ => false,
        };
        let elsewhere = match (&sent, self.mutant.breaks) {
            (Ok(response), Break::FollowsRedirects) if response.status().is_redirection() => {
                response.headers().get(header::LOCATION).cloned()
            }
            (Ok(response), Break::FollowsRefresh) => {
                response.headers().get("refresh").and_then(|value| {
                    let (_, url) = value.to_str().ok()?.split_once("url=")?;
                    url.parse().ok()
                })
            }
            _ => None,
        };
        if let Some(url) = elsewhere {
            let mut other = request.clone();
            *other.uri_mut() = url.to_str().unwrap().parse().unwrap();
            return self.exchange(&other, limits, stage).await;
        }
        if again {
            return self.exchange(request, limits, stage).await;
        }
        sent
    }

    async fn exchange(
        &self,
        request: &Request<Body>,
        limits: Limits,
        stage: &Mutex<Stage>,
    ) -> Result<Response<Bytes>, TransportError> {
        let (key, host, port) = self.target(request)?;
        let open_already = self.streams.lock().unwrap().get(&key).cloned();
        if let Some(send) = open_already {
            *stage.lock().unwrap() = Stage(TimeoutPhase::Response, Maybe);
            return http2::exchange(&self.mutant, send, request.clone(), limits.cap).await;
        }
        let conn = match self.kept(&key) {
            Some(conn) => conn,
            None => open(&self.mutant, key.0, &host, port).await?,
        };
        if conn.http2 {
            let send = http2::start(&self.mutant, conn).await?;
            self.streams.lock().unwrap().insert(key, send.clone());
            *stage.lock().unwrap() = Stage(TimeoutPhase::Response, Maybe);
            return http2::exchange(&self.mutant, send, request.clone(), limits.cap).await;
        }
        let mut lease = Lease {
            of: self,
            key,
            conn: Some(conn),
            in_step: false,
        };
        let conn = lease.conn.as_mut().unwrap();
        let kept = conn.kept;
        let cookie = self.cookie.lock().unwrap().clone();
        let bytes = message::written(&self.mutant, request, cookie.as_deref());
        *stage.lock().unwrap() = Stage(TimeoutPhase::Response, Maybe);
        self.pipeline(conn, &bytes);
        let head = async {
            conn.io.write_all(&bytes).await.map_err(lost)?;
            conn.io.flush().await.map_err(lost)?;
            message::head(&self.mutant, conn).await
        };
        let head = match head.await {
            Ok(head) => head,
            Err(error) if kept && self.is(Break::StaleAsNever) => {
                return Err(TransportError::new(error.kind(), Never).with_source("it was kept"));
            }
            Err(error) if self.is(Break::TlsAlwaysNever) && is_tls(&error) => {
                return Err(TransportError::new(Tls, Never).with_source("an error of TLS"));
            }
            Err(error) if kept && self.is(Break::StaleAsYes) => {
                return Err(TransportError::new(error.kind(), Yes).with_source("it was kept"));
            }
            Err(error) if kept && self.is(Break::RetriesStale) && error.kind() == Reset => {
                drop(lease);
                return Box::pin(self.exchange(request, limits, stage)).await;
            }
            Err(error) => return Err(error),
        };
        *stage.lock().unwrap() = Stage(TimeoutPhase::Body, Yes);
        if self.is(Break::KeepsCookies) {
            let set = head.headers().get(header::SET_COOKIE);
            *self.cookie.lock().unwrap() = set.map(|value| value.to_str().unwrap().to_owned());
        }
        let read = message::body(&self.mutant, conn, &head, request.method(), limits);
        let read = match (self.mutant.breaks, limits.idle) {
            // The time of a piece is the time of all.
            (Break::IdleIsTotal, Some(idle)) => {
                tokio::time::timeout(idle, read).await.unwrap_or_else(|_| {
                    Err(TransportError::new(Timeout(TimeoutPhase::Body), Yes).with_source("idle"))
                })
            }
            _ => read.await,
        };
        let (body, in_step) = read?;
        lease.in_step = in_step;
        let (parts, ()) = head.into_parts();
        self.decoded(Response::from_parts(parts, body), limits.cap)
    }

    /// Writes to a connection whose response is still to come.
    fn pipeline(&self, conn: &mut Conn, bytes: &[u8]) {
        if !self.is(Break::Pipelines) {
            return;
        }
        let mut socket = self.socket.lock().unwrap();
        if self.under_way.load(Ordering::SeqCst) > 1 {
            if let Some(socket) = &mut *socket {
                socket.write_all(bytes).ok();
            }
        }
        *socket = conn
            .socket
            .as_ref()
            .and_then(|own| own.try_clone().ok())
            .or(socket.take());
    }

    fn target(&self, request: &Request<Body>) -> Result<(Key, String, u16), TransportError> {
        let mut uri = request.uri().clone();
        if self.is(Break::ReadsProxyOfEnvironment) {
            if let Ok(proxy) = std::env::var("http_proxy") {
                uri = proxy.parse().unwrap();
            }
        }
        let (https, usual) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => {
                let sent = if self.is(Break::UnsentAsMaybe) {
                    Maybe
                } else {
                    Never
                };
                return Err(TransportError::new(Rejected, sent).with_source("not http"));
            }
        };
        let port = uri.port_u16().unwrap_or(usual);
        let host = uri.host().unwrap_or_default().to_owned();
        Ok(((https, format!("{host}:{port}")), host, port))
    }

    /// A kept connection on which nothing came, neither an end nor an unasked response.
    fn kept(&self, key: &Key) -> Option<Conn> {
        let mut pool = self.pool.lock().unwrap();
        let kept = pool.get_mut(key)?;
        while let Some(conn) = kept.pop() {
            let careless = [
                Break::ReusesUnfinished,
                Break::RetriesStale,
                Break::StaleAsNever,
                Break::StaleAsYes,
            ];
            // The socket itself is asked: tokio may not have heard of what came.
            let quiet = conn
                .socket
                .as_ref()
                .is_none_or(|socket| socket.peek(&mut [0]).is_err());
            if quiet || careless.contains(&self.mutant.breaks) || self.is(Break::KeepsExtraBytes) {
                return Some(conn);
            }
        }
        None
    }

    fn decoded(
        &self,
        mut response: Response<Bytes>,
        cap: Option<u64>,
    ) -> Result<Response<Bytes>, TransportError> {
        use std::io::Read;
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        let compressed = encoding.is_some_and(|encoding| encoding == "gzip");
        if self.is(Break::HidesEncoding) {
            response.headers_mut().remove(header::CONTENT_ENCODING);
        }
        if !compressed || !self.mutant.gzip || self.is(Break::NeverDecompresses) {
            return Ok(response);
        }
        let mut decoded = Vec::new();
        let most = cap
            .filter(|_| !self.is(Break::CapOnWire))
            .unwrap_or(u64::MAX - 1);
        let read = flate2::read::GzDecoder::new(&response.body()[..])
            .take(most + 1)
            .read_to_end(&mut decoded);
        match read {
            Err(_) if self.is(Break::BrokenGzipAsOk) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(TransportError::new(Truncated, Yes).with_source(error));
            }
            Err(error) => return Err(TransportError::new(Protocol, Yes).with_source(error)),
            Ok(_) => {}
        }
        if decoded.len() as u64 > most {
            return Err(TransportError::new(TooLarge { limit: most }, Yes).with_source("too large"));
        }
        Ok(response.map(|_| decoded.into()))
    }
}

fn is_tls(error: &TransportError) -> bool {
    sources(error).any(|source| source.is::<rustls::Error>())
}

trait OwnSource {
    fn source_of_its_own(&self) -> Option<String>;
}

impl OwnSource for TransportError {
    fn source_of_its_own(&self) -> Option<String> {
        std::error::Error::source(self).map(|source| source.to_string())
    }
}
