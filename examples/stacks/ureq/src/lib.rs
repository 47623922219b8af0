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

mod clock;

use std::{
    io::{Cursor, ErrorKind, Read},
    time::Duration,
};

use carrot_core::{
    Body, HttpTransport,
    Sent::{Maybe, Never, Yes},
    TransportError, async_trait,
    bytes::Bytes,
    http::{Request, Response},
    transport::{
        BodyCollector, TimeoutPhase,
        TransportErrorKind::{
            Connect, Dns, Other, Protocol, Rejected, Reset, Timeout, Tls, Truncated,
        },
        accept, sources,
    },
};
use ureq::{Agent, Error, RequestExt, SendBody, config::AutoHeaderValue, tls};

pub use self::clock::BlockingClock;

/// More than this overflows in ureq.
const YEAR: Duration = Duration::from_secs(86_400 * 365);

/// Sends requests with ureq, on the thread that polls.
#[derive(Debug)]
pub struct UreqTransport(Agent);

impl UreqTransport {
    /// Creates a transport that trusts this root certificate, or those of Mozilla.
    pub fn new(root: Option<tls::Certificate<'static>>) -> Self {
        let mozilla = tls::RootCerts::WebPki;
        let roots = root.map_or(mozilla, |root| tls::RootCerts::new_with_certs(&[root]));
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

/// Handshake and exchange are one to ureq: only some errors of TLS are those of a handshake alone.
fn is_of_a_handshake(error: &std::io::Error) -> bool {
    use rustls::Error::{InvalidCertificate, PeerIncompatible};
    let mut sources = sources(error).filter_map(|error| error.downcast_ref());
    sources.any(|error| matches!(error, InvalidCertificate(_) | PeerIncompatible(_)))
}

fn failed(error: Error) -> TransportError {
    let (kind, sent) = match &error {
        Error::HostNotFound => (Dns, Never),
        Error::ConnectionFailed => (Connect, Never),
        Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            return TransportError::timed_out(TimeoutPhase::Connect);
        }
        Error::Timeout(_) => return TransportError::timed_out(TimeoutPhase::Response),
        Error::Tls(_) | Error::Rustls(_) => (Tls, Never),
        Error::BadUri(_) | Error::Http(_) => (Rejected, Never),
        // Its text may quote a header of the response.
        Error::Protocol(_) => {
            return TransportError::new(Protocol, Maybe)
                .with_source("ureq cannot read the response");
        }
        Error::LargeResponseHeader(..) => (Protocol, Maybe),
        Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => (Connect, Never),
        // The standard library has no kind for it.
        Error::Io(io) if io.to_string().contains("failed to lookup address") => (Dns, Never),
        Error::Io(io) if is_of_a_handshake(io) => (Tls, Never),
        Error::Io(io) if io.kind() == ErrorKind::InvalidData => (Tls, Maybe),
        Error::Io(_) => (Reset, Maybe),
        _ => (Other, Maybe),
    };
    TransportError::new(kind, sent).with_source(error)
}

fn in_the_body(error: std::io::Error) -> TransportError {
    let kind = match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(Error::Timeout(_)) => Timeout(TimeoutPhase::Body),
        Some(Error::Protocol(_)) => Protocol,
        _ => Truncated,
    };
    TransportError::new(kind, Yes).with_source(error)
}

#[async_trait]
impl HttpTransport for UreqTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let (request, context) = accept(request)?;
        let limit = context.timeout.map(|limit| limit.min(YEAR));
        let request = request.map(|bytes| match bytes.is_empty() {
            true => SendBody::none(),
            false => SendBody::from_owned_reader(Cursor::new(bytes)),
        });
        let request = request.with_agent(&self.0).configure();
        let response = request
            .timeout_resolve(limit)
            .timeout_connect(limit)
            // A little longer: a limit that ends in connecting must be the one that tells so.
            .timeout_global(limit.map(|limit| limit + Duration::from_millis(250)))
            .timeout_per_read(context.body_idle_timeout.map(|limit| limit.min(YEAR)))
            .run()
            .map_err(failed)?;
        let (head, body) = response.into_parts();
        let mut collected = BodyCollector::new(&context, body.content_length())?;
        let mut reader = body.into_with_config().limit(u64::MAX).reader();
        let mut piece = [0; 16 * 1024];
        loop {
            match reader.read(&mut piece).map_err(in_the_body)? {
                0 => return Ok(Response::from_parts(head, collected.finish())),
                read => collected.push(piece.get(..read).unwrap_or_default())?,
            }
        }
    }
}
