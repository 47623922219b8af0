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

use std::{
    error::Error,
    io, iter,
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
use tokio::time::timeout;

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
        let builder = builder
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        Ok(Self(builder.build()?))
    }
}

/// Errors of rustls stand within errors of the system, which name none of them as their source.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut sources = iter::successors(Some(error), |&error| error.source());
    sources.any(|error| {
        let mut inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        while let Some(error) = inner {
            if error.is::<rustls::Error>() {
                return true;
            }
            inner = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref);
        }
        false
    })
}

/// Reqwest hides what failed below its own error.
fn failed(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let sources = || {
        iter::successors(Some(&error as &(dyn Error + 'static)), |&error| {
            error.source()
        })
    };
    let says = |text: &str| sources().any(|error| error.to_string().contains(text));
    let io = sources()
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .last();
    let (kind, sent) = match io.map(io::Error::kind) {
        _ if error.is_builder() => (Rejected, Sent::Never),
        _ if error.is_connect() && says("dns error") => (Dns, Sent::Never),
        _ if error.is_connect() && is_tls(&error) => (Tls, Sent::Never),
        _ if error.is_connect() => (Connect, Sent::Never),
        _ if says("invalid HTTP")
            || says("message head is too large")
            || says("invalid content-length") =>
        {
            (Protocol, Sent::Maybe)
        }
        Some(_) => (Reset, Sent::Maybe),
        None if says("before message completed") => (Reset, Sent::Maybe),
        None => (Other, Sent::Maybe),
    };
    TransportError::new(kind, sent).with_source(error)
}

fn in_the_body(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let text = format!("{error:?}");
    let broken =
        text.contains("InvalidInput") || text.contains("InvalidData") || text.contains("Parse");
    TransportError::new(if broken { Protocol } else { Truncated }, Sent::Yes).with_source(error)
}

fn late(phase: TimeoutPhase, sent: Sent) -> TransportError {
    TransportError::new(Timeout(phase), sent).with_source("no time is left")
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let context = request.extensions().get::<CallContext>().cloned();
        let context = context.unwrap_or_else(|| CallContext::new("", ""));
        let start = Instant::now();
        let left = || {
            context
                .timeout
                .map_or(Duration::MAX, |limit| limit.saturating_sub(start.elapsed()))
        };
        let (mut head, body) = request.into_parts();
        if body.is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(&head.method) {
            head.headers
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let request = reqwest::Request::try_from(Request::from_parts(head, body.into_bytes()))
            .map_err(failed)?;
        let sent = timeout(left(), self.0.execute(request)).await;
        let mut response = sent
            .map_err(|_| late(TimeoutPhase::Response, Sent::Maybe))?
            .map_err(failed)?;
        let (mut body, declared) = (Vec::new(), response.content_length().unwrap_or(0));
        let mut length = declared;
        loop {
            if let Some(limit) = context.max_body_bytes.filter(|limit| length > *limit) {
                return Err(
                    TransportError::new(TooLarge { limit }, Sent::Yes).with_source("too large")
                );
            }
            let patience = context
                .body_idle_timeout
                .unwrap_or(Duration::MAX)
                .min(left());
            let piece = timeout(patience, response.chunk()).await;
            match piece
                .map_err(|_| late(TimeoutPhase::Body, Sent::Yes))?
                .map_err(in_the_body)?
            {
                Some(piece) => body.extend_from_slice(&piece),
                None => break,
            }
            length = body.len() as u64;
        }
        let mut whole = Response::new(body.into());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }
}

/// The clock of tokio.
#[derive(Debug)]
pub struct TokioClock(Instant);

impl Default for TokioClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
