//! A client on smol, without tokio: hyper over sockets of smol, a connection for each request.
//!
//! ```no_run
//! use carrot_core::{AuthToken, Client, apps};
//! use carrot_stack_smol::{SmolClock, SmolTransport};
//!
//! // The certificates to trust and the cryptography are yours to choose.
//! fn run(tls: futures_rustls::rustls::ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//!     let token = AuthToken::new(std::env::var("CARROT_TOKEN")?)?;
//!     let client = Client::builder(SmolTransport::new(tls), SmolClock::default(), token).build()?;
//!     let channels = smol::block_on(client.call(apps::Channels::new()))?;
//!     println!("{} channels", channels.len());
//!     Ok(())
//! }
//! ```

mod clock;

use std::{
    error::Error,
    io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use carrot_core::{
    Body, HttpTransport, Sent, TransportError, async_trait,
    bytes::Bytes,
    http::{Request, Response, Uri, header::HOST, header::HeaderValue},
    transport::{
        BodyCollector, CallContext, TimeoutPhase,
        TransportErrorKind::{self, Dns, Other, Protocol, Rejected},
        accept, of_io, sources,
    },
};
use futures_rustls::{TlsConnector, pki_types::ServerName, rustls::ClientConfig};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use smol::{Timer, future, net};
use smol_hyper::rt::FuturesIo;

pub use self::clock::SmolClock;

/// Sends each request over a connection of its own.
#[derive(Clone)]
pub struct SmolTransport(TlsConnector);

impl std::fmt::Debug for SmolTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmolTransport")
    }
}

impl SmolTransport {
    /// Creates a transport with these settings of TLS.
    pub fn new(tls: ClientConfig) -> Self {
        Self(TlsConnector::from(Arc::new(tls)))
    }
}

trait Io: smol::io::AsyncRead + smol::io::AsyncWrite + Send + Unpin {}
impl<T: smol::io::AsyncRead + smol::io::AsyncWrite + Send + Unpin> Io for T {}

type Failed = TransportError;

fn error(
    kind: TransportErrorKind,
    sent: Sent,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> Failed {
    TransportError::new(kind, sent).with_source(source)
}

fn while_connecting(broken: io::Error) -> Failed {
    let (kind, sent) = of_io(TimeoutPhase::Connect, &broken);
    error(kind, sent, broken)
}

/// What a connection died of.
fn of_hyper(broken: hyper::Error, phase: TimeoutPhase) -> Failed {
    let io = sources(&broken).filter_map(|error| error.downcast_ref());
    let closed = io::ErrorKind::UnexpectedEof.into();
    let (kind, sent) = match io.last() {
        None if broken.is_parse() => (Protocol, phase.sent()),
        None if broken.is_user() => (Other, phase.sent()),
        io => of_io(phase, io.unwrap_or(&closed)),
    };
    error(kind, sent, broken)
}

async fn connect(tls: &TlsConnector, uri: &Uri) -> Result<Box<dyn Io>, Failed> {
    let (secure, usual) = match uri.scheme_str() {
        Some("https") => (true, 443),
        _ => (false, 80),
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let addresses = net::resolve((host, uri.port_u16().unwrap_or(usual))).await;
    let addresses = addresses.map_err(|broken| error(Dns, Sent::Never, broken))?;
    let tcp = net::TcpStream::connect(&*addresses).await;
    let tcp = tcp.map_err(while_connecting)?;
    if !secure {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(host.to_owned())
        .map_err(|broken| error(Rejected, Sent::Never, broken))?;
    Ok(Box::new(
        tls.connect(name, tcp).await.map_err(while_connecting)?,
    ))
}

async fn exchange(
    tls: &TlsConnector,
    request: Request<Bytes>,
    context: &CallContext,
    phase: &Mutex<TimeoutPhase>,
) -> Result<Response<Bytes>, Failed> {
    let enter = |now| *phase.lock().unwrap_or_else(PoisonError::into_inner) = now;
    let (mut head, body) = request.into_parts();
    let io = connect(tls, &head.uri).await?;
    let authority = head
        .uri
        .authority()
        .map_or("", |authority| authority.as_str());
    if let Ok(host) = HeaderValue::from_str(authority) {
        head.headers.insert(HOST, host);
    }
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    head.uri = target
        .parse()
        .map_err(|broken: carrot_core::http::uri::InvalidUri| {
            error(Rejected, Sent::Never, broken)
        })?;
    let shaken = http1::handshake(FuturesIo::new(io)).await;
    let (mut send, connection) =
        shaken.map_err(|broken| of_hyper(broken, TimeoutPhase::Connect))?;
    enter(TimeoutPhase::Response);
    let request = Request::from_parts(head, Full::new(body));
    let asked = async {
        let response = send.send_request(request).await;
        let response = response.map_err(|broken| of_hyper(broken, TimeoutPhase::Response))?;
        enter(TimeoutPhase::Body);
        collect(response, context).await
    };
    // The connection is driven here, so that it ends with this future. What it dies of, the request tells.
    let driven = async {
        let _ = connection.await;
        std::future::pending().await
    };
    future::or(asked, driven).await
}

async fn collect(
    response: Response<Incoming>,
    context: &CallContext,
) -> Result<Response<Bytes>, Failed> {
    let (head, mut body) = response.into_parts();
    let declared = hyper::body::Body::size_hint(&body).lower();
    let mut collected = BodyCollector::new(context, Some(declared))?;
    loop {
        let idle = async {
            sleep(context.body_idle_timeout).await;
            Err(TransportError::timed_out(TimeoutPhase::Body))
        };
        match future::or(async { Ok(body.frame().await) }, idle).await? {
            None => return Ok(Response::from_parts(head, collected.finish())),
            Some(Err(broken)) => return Err(of_hyper(broken, TimeoutPhase::Body)),
            Some(Ok(frame)) => collected.push(frame.data_ref().map_or(&[], |data| data))?,
        }
    }
}

/// Never ends without a limit, or with one beyond time.
async fn sleep(limit: Option<Duration>) {
    match limit.and_then(|limit| Instant::now().checked_add(limit)) {
        Some(end) => drop(Timer::at(end).await),
        None => std::future::pending().await,
    }
}

#[async_trait]
impl HttpTransport for SmolTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let (request, context) = accept(request)?;
        let phase = Mutex::new(TimeoutPhase::Connect);
        let late = async {
            sleep(context.timeout).await;
            let phase = *phase.lock().unwrap_or_else(PoisonError::into_inner);
            Err(TransportError::timed_out(phase))
        };
        let exchange = pin!(exchange(&self.0, request, &context, &phase));
        future::or(exchange, late).await
    }
}
