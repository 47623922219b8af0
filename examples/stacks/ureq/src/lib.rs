//! A client over ureq: blocking, without an async runtime.
//!
//! ```no_run
//! use carrot_core::{AuthToken, Client, apps};
//! use carrot_stack_ureq::{BlockingClock, UreqTransport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let token = AuthToken::new(std::env::var("CARROT_TOKEN")?)?;
//! let client = Client::builder(UreqTransport::new(None), BlockingClock::default(), token).build()?;
//! let channels = pollster::block_on(client.call(apps::Channels::new()))?;
//! # Ok(())
//! # }
//! ```

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use carrot_core::{
    Body, Clock, HttpTransport, Sent, TransportError, async_trait,
    bytes::Bytes,
    http::{Method, Request, Response, header::CONTENT_LENGTH, header::HeaderValue},
    transport::{
        CallContext, TimeoutPhase,
        TransportErrorKind::{
            Connect, Dns, Other, Protocol, Rejected, Reset, Timeout, Tls, TooLarge, Truncated,
        },
    },
};
use ureq::{Agent, AsSendBody, Error, RequestExt, config::AutoHeaderValue, tls};

/// Sends requests with ureq, on the thread that polls.
#[derive(Debug)]
pub struct UreqTransport(Agent);

impl UreqTransport {
    /// Creates a transport that trusts this root certificate, or those of Mozilla.
    pub fn new(root: Option<tls::Certificate<'static>>) -> Self {
        let roots = root.map_or(tls::RootCerts::WebPki, |root| {
            tls::RootCerts::new_with_certs(&[root])
        });
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .allow_non_standard_methods(true)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .tls_config(tls::TlsConfig::builder().root_certs(roots).build());
        Self(config.build().new_agent())
    }
}

fn run(
    agent: &Agent,
    request: Request<impl AsSendBody>,
    limit: Option<Duration>,
    idle: Option<Duration>,
) -> Result<Response<ureq::Body>, Error> {
    // A little longer: a limit that ends in connecting must be the one that tells so.
    let whole = limit.map(|limit| limit + Duration::from_millis(250));
    let request = request.with_agent(agent).configure();
    let request = request
        .timeout_resolve(limit)
        .timeout_connect(limit)
        .timeout_global(whole);
    request.timeout_per_read(idle).run()
}

/// What is shown of an error of ureq: its text may quote a header of the response.
fn failed(error: Error) -> TransportError {
    let (kind, sent) = match &error {
        Error::HostNotFound => (Dns, Sent::Never),
        Error::ConnectionFailed => (Connect, Sent::Never),
        Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            (Timeout(TimeoutPhase::Connect), Sent::Never)
        }
        Error::Timeout(_) => (Timeout(TimeoutPhase::Response), Sent::Maybe),
        Error::Tls(_) | Error::Rustls(_) => (Tls, Sent::Never),
        Error::BadUri(_) | Error::Http(_) => (Rejected, Sent::Never),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => (Protocol, Sent::Maybe),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => (Connect, Sent::Never),
            // The standard library has no kind for it.
            _ if error.to_string().contains("failed to lookup address") => (Dns, Sent::Never),
            ErrorKind::InvalidData => (Tls, Sent::Never),
            _ => (Reset, Sent::Maybe),
        },
        _ => (Other, Sent::Maybe),
    };
    match error {
        Error::Protocol(_) => {
            TransportError::new(kind, sent).with_source("ureq cannot read the response")
        }
        error => TransportError::new(kind, sent).with_source(error),
    }
}

#[async_trait]
impl HttpTransport for UreqTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let context = request.extensions().get::<CallContext>().cloned();
        let context = context.unwrap_or_else(|| CallContext::new("", ""));
        let (mut head, body) = request.into_parts();
        if head
            .uri
            .scheme_str()
            .is_none_or(|scheme| !scheme.starts_with("http"))
        {
            return Err(
                TransportError::new(Rejected, Sent::Never).with_source("not an address of http")
            );
        }
        if body.is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(&head.method) {
            head.headers
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let request = Request::from_parts(head, ());
        let bytes = body.into_bytes();
        let limit = context.timeout.map(|limit| limit.min(YEAR));
        let idle = context.body_idle_timeout.map(|limit| limit.min(YEAR));
        let sent = match bytes.is_empty() {
            true => run(&self.0, request, limit, idle),
            false => run(&self.0, request.map(|()| bytes.to_vec()), limit, idle),
        };
        let (head, body) = sent.map_err(failed)?.into_parts();
        let mut reader = body.into_with_config().limit(u64::MAX).reader();
        let declared = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let (mut body, mut piece) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let length = declared.unwrap_or(0).max(body.len() as u64);
            if let Some(limit) = context.max_body_bytes.filter(|limit| length > *limit) {
                return Err(
                    TransportError::new(TooLarge { limit }, Sent::Yes).with_source("too large")
                );
            }
            match reader.read(&mut piece) {
                Ok(0) => return Ok(Response::from_parts(head, body.into())),
                Ok(read) => body.extend_from_slice(piece.get(..read).unwrap_or_default()),
                Err(error) => {
                    let kind = match error.get_ref().and_then(|cause| cause.downcast_ref()) {
                        Some(Error::Timeout(_)) => Timeout(TimeoutPhase::Body),
                        Some(Error::Protocol(_)) => Protocol,
                        _ => Truncated,
                    };
                    return Err(TransportError::new(kind, Sent::Yes).with_source(error));
                }
            }
        }
    }
}

/// More than this overflows in ureq.
const YEAR: Duration = Duration::from_secs(86_400 * 365);

/// Waits by holding its thread.
#[derive(Debug)]
pub struct BlockingClock(Instant);

impl Default for BlockingClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for BlockingClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
