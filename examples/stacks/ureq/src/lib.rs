//! A client over ureq: blocking, without an async runtime.
//!
//! ```no_run
//! use carrot_core::{AuthToken, Client, apps};
//! use carrot_stack_ureq::{BlockingClock, UreqTransport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let token = AuthToken::new(std::env::var("CARROT_TOKEN")?)?;
//! let client = Client::builder(UreqTransport::new(ureq::Agent::config_builder()), BlockingClock::default(), token).build()?;
//! let channels = pollster::block_on(client.call(apps::Channels::new()))?;
//! # Ok(())
//! # }
//! ```

mod clock;

use std::{error::Error as StdError, io::Cursor, time::Duration};

use carrot_core::{
    Body, HttpTransport, Sent, TransportError, async_trait,
    bytes::Bytes,
    http::{Request, Response},
    transport::{
        BodyCollector, TimeoutPhase,
        TransportErrorKind::{Connect, Dns, Other, Protocol, Rejected, Timeout, Tls},
        accept, of_io, sources,
    },
};
use rustls::Error::{InvalidCertificate, PeerIncompatible};
use ureq::{
    Agent, Error, RequestExt, SendBody,
    config::{AutoHeaderValue, ConfigBuilder},
    typestate::AgentScope,
};

pub use self::clock::BlockingClock;

/// More than this overflows in ureq.
const YEAR: Duration = Duration::from_secs(86_400 * 365);

/// Sends requests with ureq, on the thread that polls.
#[derive(Debug)]
pub struct UreqTransport(Agent);

impl UreqTransport {
    /// Builds the agent of ureq without what a transport must not do.
    pub fn new(builder: ConfigBuilder<AgentScope>) -> Self {
        let config = builder
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .allow_non_standard_methods(true)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None);
        Self(config.build().new_agent())
    }
}

/// Handshake and exchange are one to ureq: only some errors of TLS are those of a handshake alone.
fn is_of_a_handshake(error: &(dyn StdError + 'static)) -> bool {
    let tls = error.downcast_ref();
    matches!(tls, Some(InvalidCertificate(_) | PeerIncompatible(_)))
}

fn failed(phase: TimeoutPhase, error: Error) -> TransportError {
    let (kind, sent) = match &error {
        Error::HostNotFound => (Dns, Sent::Never),
        Error::ConnectionFailed => (Connect, Sent::Never),
        Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            (Timeout(TimeoutPhase::Connect), Sent::Never)
        }
        Error::Timeout(_) => return TransportError::timed_out(phase),
        Error::Tls(_) | Error::Rustls(_) => (Tls, Sent::Never),
        Error::BadUri(_) | Error::Http(_) => (Rejected, Sent::Never),
        // Its text may quote a header of the response.
        Error::Protocol(_) | Error::LargeResponseHeader(..) => {
            return TransportError::new(Protocol, phase.sent()).with_source("no valid response");
        }
        Error::Io(io) if sources(io).any(is_of_a_handshake) => (Tls, Sent::Never),
        Error::Io(io) => of_io(phase, io),
        _ => (Other, phase.sent()),
    };
    // Whatever it is: the head of the response was there.
    let sent = if phase == TimeoutPhase::Body {
        Sent::Yes
    } else {
        sent
    };
    TransportError::new(kind, sent).with_source(error)
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
            .map_err(|error| failed(TimeoutPhase::Response, error))?;
        let (head, body) = response.into_parts();
        let collected = BodyCollector::new(&context, body.content_length())?;
        let reader = body.into_with_config().limit(u64::MAX).reader();
        let body = collected.read(reader, |error| failed(TimeoutPhase::Body, error.into()))?;
        Ok(Response::from_parts(head, body))
    }
}
