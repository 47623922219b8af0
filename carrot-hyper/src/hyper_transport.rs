use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, HttpTransport, Sent, TransportError,
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
};
use http::{HeaderValue, Method, Request, Response, header::CONTENT_LENGTH, uri::Scheme};
use http_body_util::Full;
use hyper::body::Body as _;
use hyper_util::client::legacy::{Client, connect::capture_connection};

use crate::{
    HyperTransportBuilder, body,
    connector::Connector,
    deadline::{Expired, from_now, until},
    encoding::Encoding,
    error,
};

/// Sends requests with hyper, over TLS by rustls.
///
/// * Connections are kept for the next request. Cloning is cheap; all clones share them.
/// * A kept connection that turns out closed before a request is begun on it is replaced without a
///   word. That is the only repetition: whatever may have been sent is sent once.
/// * Redirects are returned and not followed. There are no cookies, no proxies, and no headers beside
///   the request's own but `host` and, with a body or for a method that is about one,
///   `content-length`.
/// * Nothing is compressed, unless with the feature `gzip` and `HyperTransportBuilder::gzip`. A success
///   whose body came compressed all the same is an error of the kind `Protocol`; an answer of another
///   status is handed over as it came, for its status is what matters.
/// * HTTP/1.1. HTTP/2, where the server chooses it, with the feature `http2` and
///   `HyperTransportBuilder::http2`.
/// * Dropping the future closes the connection that it used.
///
/// Sending needs a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct HyperTransport {
    client: Client<Connector, Full<Bytes>>,
    limits: Limits,
    gzip: bool,
}

/// What bounds an attempt whose request carries no limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) body_idle_timeout: Option<Duration>,
    pub(crate) max_body_bytes: u64,
}

impl HyperTransport {
    /// Sets up a transport; see the methods of the builder for the defaults.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::new()
    }

    pub(crate) fn new(client: Client<Connector, Full<Bytes>>, limits: Limits, gzip: bool) -> Self {
        Self {
            client,
            limits,
            gzip,
        }
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        check_scheme(&request)?;
        let limits = self.limits.given_way(request.extensions().get());
        let deadline = from_now(limits.attempt_timeout);
        let out_of_time = |phase, sent| {
            let limit = limits.attempt_timeout.unwrap_or_default();
            TransportError::new(TransportErrorKind::Timeout(phase), sent)
                .with_source(Expired::Attempt(limit))
        };

        let mut request = request.map(|body| Full::new(body.into_bytes()));
        declare_empty_body(&mut request);
        let encoding = Encoding::ask(request.headers_mut(), self.gzip);
        let connection = capture_connection(&mut request);
        // Set when the request is given to a connection: what fails before was surely not sent.
        let dispatched = || connection.connection_metadata().is_some();
        let response = match until(deadline, self.client.request(request)).await {
            Some(response) => {
                response.map_err(|error| error::before_answer(error, dispatched()))?
            }
            None if dispatched() => return Err(out_of_time(TimeoutPhase::Response, Sent::Maybe)),
            None => return Err(out_of_time(TimeoutPhase::Connect, Sent::Never)),
        };

        let (head, body) = response.into_parts();
        match until(deadline, body::collect(body, limits)).await {
            Some(body) => {
                let answer = Response::from_parts(head, body?);
                encoding.undo(answer, limits.max_body_bytes)
            }
            None => Err(out_of_time(TimeoutPhase::Body, Sent::Yes)),
        }
    }
}

impl Limits {
    /// The limits that the request carries, and these for what it leaves open. A request with a
    /// limit above these means it: whoever raises a limit of the client must not have to know of the
    /// transport's.
    fn given_way(self, context: Option<&CallContext>) -> Self {
        let timeout = context.and_then(|context| context.timeout);
        let body_idle_timeout = context.and_then(|context| context.body_idle_timeout);
        let max_body_bytes = context.and_then(|context| context.max_body_bytes);
        Self {
            attempt_timeout: timeout.or(self.attempt_timeout),
            body_idle_timeout: body_idle_timeout.or(self.body_idle_timeout),
            max_body_bytes: max_body_bytes.unwrap_or(self.max_body_bytes),
        }
    }
}

fn check_scheme(request: &Request<Body>) -> Result<(), TransportError> {
    match request.uri().scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => Ok(()),
        _ => Err(
            TransportError::new(TransportErrorKind::Rejected, Sent::Never)
                .with_source("the address must begin with `https://` or `http://`"),
        ),
    }
}

/// RFC 9110, section 8.6: a method that is about a body says so when there is none. hyper does not,
/// and some servers refuse such a request with 411.
fn declare_empty_body(request: &mut Request<Full<Bytes>>) {
    let about_a_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if about_a_body && request.body().is_end_stream() {
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
