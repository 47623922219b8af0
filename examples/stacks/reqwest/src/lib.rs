//! A client over reqwest, for programs that have one already.
//!
//! ```no_run
//! use carrot_core::{AuthToken, Client, apps};
//! use carrot_stack_reqwest::{ReqwestTransport, TokioClock};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let token = AuthToken::new(std::env::var("CARROT_TOKEN")?)?;
//! let transport = ReqwestTransport::new(reqwest::Client::builder())?;
//! let client = Client::builder(transport, TokioClock::default(), token).build()?;
//! let channels = client.call(apps::Channels::new()).await?;
//! # Ok(())
//! # }
//! ```

mod clock;

use std::{io, time::Instant};

use carrot_core::{
    Body, HttpTransport,
    Sent::{Maybe, Never, Yes},
    TransportError, async_trait,
    bytes::Bytes,
    http::{Request, Response},
    transport::{
        BodyCollector, TimeoutPhase,
        TransportErrorKind::{Connect, Dns, Other, Protocol, Rejected, Reset, Tls, Truncated},
        accept, sources,
    },
};
use tokio::time::timeout;

pub use self::clock::TokioClock;

/// Sends requests with reqwest.
#[derive(Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Builds the client of reqwest without what a transport must not do.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn new(builder: reqwest::ClientBuilder) -> reqwest::Result<Self> {
        let builder = builder.no_proxy().referer(false);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        Ok(Self(builder.retry(reqwest::retry::never()).build()?))
    }
}

/// Reqwest hides what failed below its own error.
fn failed(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let says = |text: &str| sources(&error).any(|error| error.to_string().contains(text));
    let is_protocol = ["invalid HTTP", "too large", "content-length"];
    let (kind, sent) = match error.is_connect() {
        _ if error.is_builder() => (Rejected, Never),
        true if says("dns error") => (Dns, Never),
        true if sources(&error).any(|error| error.is::<rustls::Error>()) => (Tls, Never),
        true => (Connect, Never),
        false if is_protocol.into_iter().any(says) => (Protocol, Maybe),
        false if says("before message completed") => (Reset, Maybe),
        false if sources(&error).any(|error| error.is::<io::Error>()) => (Reset, Maybe),
        false => (Other, Maybe),
    };
    TransportError::new(kind, sent).with_source(error)
}

fn in_the_body(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let text = format!("{error:?}");
    let signs = ["InvalidInput", "InvalidData", "Parse"];
    let kind = match signs.iter().any(|sign| text.contains(sign)) {
        true => Protocol,
        false => Truncated,
    };
    TransportError::new(kind, Yes).with_source(error)
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let (request, context) = accept(request)?;
        let start = Instant::now();
        let late = |phase| move |_| TransportError::timed_out(phase);
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let sent = timeout(context.time_left(start.elapsed()), self.0.execute(request)).await;
        let sent = sent.map_err(late(TimeoutPhase::Response))?;
        let mut response = sent.map_err(failed)?;
        let mut body = BodyCollector::new(&context, response.content_length())?;
        while let Some(piece) = timeout(context.body_time_left(start.elapsed()), response.chunk())
            .await
            .map_err(late(TimeoutPhase::Body))?
            .map_err(in_the_body)?
        {
            body.push(&piece)?;
        }
        let mut whole = Response::new(body.finish());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }
}
