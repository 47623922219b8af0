use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, HttpTransport, Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http::{HeaderValue, Method, Request, Response, Version, header::CONTENT_LENGTH};
use http_body_util::Full;
use hyper::body::Body as _;

use crate::{
    BuildError, body,
    connect::Connector,
    connection::Connection,
    deadline::{Expired, from_now, timeout_at},
    encoding::Encoding,
    error,
    limits::Limits,
    pool::{Key, Lease, Pool},
    runtime,
    target::Target,
};

/// Sends requests with hyper, over TLS by rustls.
///
/// * Connections are kept for the next request on the same tokio runtime. Cloning is cheap; all clones
///   share them.
/// * A kept connection that turns out closed before a request is written to it is replaced in silence.
///   That is the only repetition: what may have been sent is sent once.
/// * Kept connections that idled are used one at a time until one has brought a response. One that
///   brings none closes the others, so connections that died together cost one request.
/// * Redirects are returned and not followed. There are no cookies, no proxy unless
///   [`proxy`](crate::HyperTransportBuilder::proxy) or [`proxy_from_env`](crate::HyperTransportBuilder::proxy_from_env)
///   sets one, and no headers beside the request's own but `host` and, with a body or for a method that
///   expects one, `content-length`.
/// * Nothing is compressed, unless with the feature `gzip` and `HyperTransportBuilder::gzip`. A success
///   whose body is compressed all the same is an error of the kind `Protocol`; a response of another
///   status is returned as it came, for its status is what matters.
/// * HTTP/1.1. HTTP/2, where the server chooses it, with the feature `http2` and
///   `HyperTransportBuilder::http2`.
/// * Dropping the future closes the connection that it used; over HTTP/2, the stream.
///
/// Sending needs a tokio runtime with I/O and time. Without one, `send` returns an error of the kind
/// [`Rejected`](TransportErrorKind::Rejected). Where the runtime lacks a part, the standard library
/// prints a panic that is caught here.
#[derive(Clone)]
pub struct HyperTransport {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    pool: Pool,
    limits: Limits,
    gzip: bool,
}

impl HyperTransport {
    pub(crate) fn new(connector: Connector, pool: Pool, limits: Limits, gzip: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                connector,
                pool,
                limits,
                gzip,
            }),
        }
    }

    /// Reads the root certificates now, which otherwise happens when the first connection needs them.
    ///
    /// # Errors
    ///
    /// The root certificates cannot be read, or there are none.
    pub fn check_tls(&self) -> Result<(), BuildError> {
        self.inner.connector.tls().check()
    }

    /// A connection of its own, for the upgrade to another protocol.
    #[cfg(feature = "realtime")]
    pub(crate) async fn connect_http1(
        &self,
        target: &Target,
    ) -> Result<Box<dyn crate::connect::Stream>, TransportError> {
        runtime::check()?;
        let connected = self.inner.connector.connect_http1(&target.address).await;
        Ok(connected?.stream)
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let target = Target::of(&request)?;
        let sent = self.inner.send(request, &target).await;
        sent.map_err(|error| error.with_peer(target.peer()))
    }
}

impl Inner {
    async fn send(
        &self,
        request: Request<Body>,
        target: &Target,
    ) -> Result<Response<Bytes>, TransportError> {
        let key = Key {
            runtime: runtime::current()?,
            https: target.https,
            authority: target.authority.clone(),
        };
        check_version(&request)?;
        let limits = self.limits.of_request(request.extensions().get());
        let deadline = from_now(limits.attempt_timeout);
        let out_of_time = |phase, sent| {
            let limit = limits.attempt_timeout.unwrap_or_default();
            TransportError::new(TransportErrorKind::Timeout(phase), sent)
                .with_source(Expired::Attempt(limit))
        };
        let mut request = request.map(|body| Full::new(body.into_bytes()));
        declare_empty_body(&mut request);
        let encoding = Encoding::ask(request.headers_mut(), self.gzip);

        let (mut lease, response) = loop {
            let mut lease = match self.pool.checkout(&key).await {
                Some(lease) => lease,
                None => {
                    runtime::check()?;
                    match timeout_at(deadline, self.connect(&key, target)).await {
                        Some(lease) => lease?,
                        None => return Err(out_of_time(TimeoutPhase::Connect, Sent::Never)),
                    }
                }
            };
            target.write_to(&mut request, lease.is_http1());
            let Some(sent) = timeout_at(deadline, lease.send(request)).await else {
                return Err(out_of_time(TimeoutPhase::Response, Sent::Maybe));
            };
            match sent {
                Ok(response) => break (lease, response),
                Err(unanswered) => match unanswered.untouched {
                    // It cannot arrive twice: no byte of it was written.
                    Some(untouched) if !lease.is_fresh() => request = untouched,
                    untouched => {
                        let error = unanswered.error;
                        return Err(error::before_response(error, untouched.is_some()));
                    }
                },
            }
        };

        let (head, body) = response.into_parts();
        let collected = body::collect(lease.connection(), body, limits);
        let Some(body) = timeout_at(deadline, collected).await else {
            return Err(out_of_time(TimeoutPhase::Body, Sent::Yes));
        };
        let body = body?;
        lease.give_back(&head.headers);
        encoding.undo(Response::from_parts(head, body), limits.cap())
    }

    async fn connect(&self, key: &Key, target: &Target) -> Result<Lease, TransportError> {
        let connected = self.connector.connect(&target.address).await?;
        let connection = Connection::open(connected)
            .await
            .map_err(error::in_handshake)?;
        Ok(self.pool.fresh(key.clone(), connection))
    }
}

fn check_version(request: &Request<Body>) -> Result<(), TransportError> {
    match request.version() {
        Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2 => Ok(()),
        _ => Err(TransportError::new(TransportErrorKind::Other, Sent::Never)
            .with_source("this transport speaks HTTP/1.1 and HTTP/2")),
    }
}

/// RFC 9110, section 8.6: a method that expects a body declares an empty one. hyper does not,
/// and some servers reject such a request with 411.
fn declare_empty_body(request: &mut Request<Full<Bytes>>) {
    let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if expects_body && request.body().is_end_stream() {
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}
